# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

r"""Measures the sync against `git subtree` and the plain way, in one run.

  tools/nox -s bench_sync -- --rounds=7

ours     `sync_upstream`, from a wheel in its cache and from a git repository.
subtree  `git subtree` with the same files in the same local repository, and
         the patches as commits on top.
plain    `pip download`, unpack, `patch`, `diff -r`, `rsync`-like copy.

Three jobs, on the real files of two releases with the fork's patches: say that
nothing changed (check), sync to the version that is there (no change), and move
from one release to the other (step). subtree's check is `git status` and `git
diff` against the last merge: it tells edits, but asks nothing of upstream. All
take turns, round after round; numbers are medians with the range, and ratios
are theirs by ours, round by round.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, Sequence
import zipfile

from tfmot_contrib import errors
from tools.base import markdown
from tools.bench import report
from tools.env import bootstrap
from tools.env import index

_PACKAGE = 'tf-models-official'
_OLD, _NEW = '2.19.1', '2.20.0'
_TOOLS = ('ours, wheel', 'ours, git', 'subtree', 'plain')
_JOBS = ('check', 'no change', 'step')


def _shell(folder: pathlib.Path, *command: object) -> None:
  """Runs a command quietly."""
  bootstrap.run(command, 'the benchmark', cwd=folder)


def _git(folder: pathlib.Path, *arguments: object) -> None:
  """Runs git as somebody."""
  who = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org']
  _shell(folder, 'git', *who, *arguments)


def _unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
  """Unpacks the mirrored part of a wheel."""
  with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
      if name.startswith(('official/', 'orbit/')):
        archive.extract(name, folder)


class Bench:
  """The places where the tools work, and their jobs.

  Attributes:
    jobs: What to time, by job and tool.
    prepare: What to do before it, off the clock, for some of them.
  """

  def __init__(self, scratch: pathlib.Path):
    """Sets everything up.

    Args:
      scratch: An empty folder.
    """
    self.scratch = scratch
    self.wheels = {
        version: index.download(_PACKAGE, version, scratch / version)
        for version in (_OLD, _NEW)
    }
    self.models = scratch / 'models'
    self._make_models()
    self._make_subtree()
    self._make_plain()
    for name in ('wheel', 'git'):
      self._make_ours(name)
    self.jobs: dict[tuple[str, str], Callable[[], object]] = {}
    self.prepare: dict[tuple[str, str], Callable[[], object]] = {}
    for tool, name, version in (
        ('ours, wheel', 'wheel', _NEW),
        ('ours, git', 'git', f'v{_NEW}'),
    ):
      to = ['--to', version]
      old = ['--to', version.replace(_NEW, _OLD)]
      self._add('check', tool, self._ours, name, '--check')
      self._add('no change', tool, self._ours, name, *to)
      self._add('step', tool, self._ours, name, *to)
      self.prepare['step', tool] = lambda name=name, old=old: self._ours(
          name, *old
      )
    self._add('check', 'subtree', self._subtree_check)
    self._add('no change', 'subtree', self._subtree_pull)
    self._add('step', 'subtree', self._subtree_pull)
    self.prepare['step', 'subtree'] = lambda: _git(
        self.subtree, 'reset', '-q', '--hard', 'old'
    )
    self._add('check', 'plain', self._plain, _NEW)
    self._add('no change', 'plain', self._plain, _NEW)
    self._add('step', 'plain', self._plain, _NEW)
    self.prepare['step', 'plain'] = lambda: self._plain(_OLD)

  def _add(self, job, tool, function, *arguments):
    self.jobs[job, tool] = lambda: function(*arguments)

  def _make_models(self) -> None:
    """Makes a repository with a commit for each release."""
    self.models.mkdir()
    _git(self.models, 'init', '-q', '.')
    for version, wheel in self.wheels.items():
      for name in ('official', 'orbit'):
        shutil.rmtree(self.models / name, ignore_errors=True)
      _unpack(wheel, self.models)
      _git(self.models, 'add', '-A')
      _git(self.models, 'commit', '-q', '-m', version)
      _git(self.models, 'tag', f'v{version}')

  def _make_ours(self, name: str) -> None:
    """Makes a fork, at the new version."""
    official = self.scratch / name / 'official'
    official.mkdir(parents=True)
    real = bootstrap.ROOT / 'official'
    shutil.copytree(real / 'patches', official / 'patches')
    for file in ('upstream.toml', 'upstream.lock'):
      shutil.copy(real / file, official / file)
    source = f'git:{self.models}' if name == 'git' else f'pypi:{_PACKAGE}'
    versions = (f'v{_OLD}', f'v{_NEW}') if name == 'git' else (_OLD, _NEW)
    self.offline = []  # The first time, to fill the cache.
    for version in versions:
      self._ours(name, '--source', source, '--to', version)
    self.offline = ['--offline']

  def _make_subtree(self) -> None:
    """Makes a repository with the patches on top of the old version."""
    self.subtree = self.scratch / 'subtree'
    self.subtree.mkdir()
    _git(self.subtree, 'init', '-q', '.')
    _git(self.subtree, 'commit', '-q', '--allow-empty', '-m', 'Start')
    prefix = '--prefix=mirror'
    what = [prefix, self.models, f'v{_OLD}']
    _git(self.subtree, 'subtree', 'add', '-q', *what)
    for patch in sorted((bootstrap.ROOT / 'official/patches').iterdir()):
      _git(self.subtree, 'apply', '--directory=mirror', patch)
      _git(self.subtree, 'commit', '-q', '-a', '-m', patch.stem)
    _git(self.subtree, 'tag', 'old')
    self._subtree_pull()

  def _make_plain(self) -> None:
    self.plain = self.scratch / 'plain'
    self._plain(_NEW)

  def _ours(self, name: str, *flags: str) -> None:
    """Runs the command on one of our forks."""
    command = [sys.executable, '-m', 'tools.mirror.command', *self.offline]
    command += ['--root', self.scratch / name, *flags]
    _shell(bootstrap.ROOT, *command)

  def _subtree_check(self) -> None:
    """Tells edits, by what git noted of each file."""
    _git(self.subtree, 'status', '--porcelain', '--', 'mirror')
    _git(self.subtree, 'diff', '--quiet', 'HEAD', '--', 'mirror')

  def _subtree_pull(self) -> None:
    """Merges the new version, which may be there."""
    what = ['--prefix=mirror', self.models, f'v{_NEW}']
    _git(self.subtree, 'subtree', 'pull', '-q', '-m', 'Pull', *what)

  def _plain(self, version: str) -> None:
    """Downloads, unpacks, patches, compares, and copies what differs."""
    with tempfile.TemporaryDirectory(dir=self.scratch) as name:
      folder = pathlib.Path(name)
      new = folder / 'new'
      _unpack(index.download(_PACKAGE, version, folder), new)
      for patch in sorted((bootstrap.ROOT / 'official/patches').iterdir()):
        _shell(new, 'patch', '-s', '-p1', '-i', patch)
      done = subprocess.run(
          ['diff', '-rq', self.plain, new],
          capture_output=True,
          check=False,
      )
      if done.returncode:
        shutil.rmtree(self.plain, ignore_errors=True)
        new.rename(self.plain)


def measure(bench: Bench, rounds: int) -> dict[tuple[str, str], list[float]]:
  """Times every job of every tool, in turns.

  Args:
    bench: The tools at work.
    rounds: How often.

  Returns:
    Seconds by job and tool.
  """
  seconds = {key: [] for key in bench.jobs}
  for number in range(rounds):
    print(f'bench: round {number + 1} of {rounds}', file=sys.stderr, flush=True)
    for job in _JOBS:
      for tool in _TOOLS:
        if (job, tool) in bench.prepare:
          bench.prepare[job, tool]()
        began = time.perf_counter()
        bench.jobs[job, tool]()
        seconds[job, tool].append(time.perf_counter() - began)
  return seconds


def table(seconds: dict[tuple[str, str], list[float]]) -> str:
  """Formats what was measured.

  Args:
    seconds: See `measure`.

  Returns:
    Lines of Markdown.
  """
  header = ['job', 'tool', 'seconds, median (range)']
  header += [f'theirs / {ours}' for ours in _TOOLS[:2]]
  rows = []
  for job in _JOBS:
    for tool in _TOOLS:
      cells = [job, tool, report.middle(seconds[job, tool], 3)]
      for ours in _TOOLS[:2]:
        pairs = zip(seconds[job, tool], seconds[job, ours], strict=True)
        ratio = statistics.median(theirs / own for theirs, own in pairs)
        cells.append('-' if tool in _TOOLS[:2] else f'{ratio:.1f}')
      rows.append(cells)
  return markdown.table(header, rows)


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Runs the benchmark."""
  parser = argparse.ArgumentParser(
      prog='bench_sync',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument('--rounds', type=int, default=7)
  flags = parser.parse_args(argv)
  if flags.rounds < 1:
    raise errors.InputError('--rounds: 1 or more')
  with tempfile.TemporaryDirectory(prefix='bench_sync-') as scratch:
    bench = Bench(pathlib.Path(scratch))
    print(table(measure(bench, flags.rounds)))
  print(f'{os.cpu_count()} cores, {flags.rounds} rounds')


if __name__ == '__main__':
  main(sys.argv[1:])
