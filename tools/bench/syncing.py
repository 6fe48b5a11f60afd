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
import functools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, NamedTuple, Sequence
import zipfile

from tfmot_contrib import errors
from tools.base import markdown
from tools.bench import report
from tools.env import bootstrap
from tools.env import index

_PACKAGE = 'tf-models-official'
_OLD, _NEW = '2.19.1', '2.20.0'
_OURS = ('ours, wheel', 'ours, git')
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


class Tool(NamedTuple):
  """What a tool does in its place.

  Attributes:
    check: Says that nothing changed.
    new: Goes to the new version.
    old: Goes back to the old version.
  """

  check: Callable[[], object]
  new: Callable[[], object]
  old: Callable[[], object]


class Bench:
  """The places where the tools work.

  Attributes:
    tools: By name.
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
    self.tools = {
        'ours, wheel': self._make_ours(f'pypi:{_PACKAGE}', ''),
        'ours, git': self._make_ours(f'git:{self.models}', 'v'),
        'subtree': self._make_subtree(),
        'plain': self._make_plain(),
    }

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

  def _make_ours(self, source: str, prefix: str) -> Tool:
    """Makes a fork, at the new version."""
    root = self.scratch / source.partition(':')[0]
    official = root / 'official'
    official.mkdir(parents=True)
    real = bootstrap.ROOT / 'official'
    shutil.copytree(real / 'patches', official / 'patches')
    for file in ('upstream.toml', 'upstream.lock'):
      shutil.copy(real / file, official / file)

    def run(*flags: str) -> None:
      command = [sys.executable, '-m', 'tools.mirror.command', *flags]
      _shell(bootstrap.ROOT, *command, '--root', root)

    old, new = (['--to', f'{prefix}{version}'] for version in (_OLD, _NEW))
    for to in (old, new):  # The first time, to fill the cache.
      run('--source', source, *to)
    offline = functools.partial(run, '--offline')
    return Tool(
        functools.partial(offline, '--check'),
        functools.partial(offline, *new),
        functools.partial(offline, *old),
    )

  def _make_subtree(self) -> Tool:
    """Makes a repository with the patches on top of the old version."""
    top = self.scratch / 'subtree'
    top.mkdir()
    run = functools.partial(_git, top)
    run('init', '-q', '.')
    run('commit', '-q', '--allow-empty', '-m', 'Start')
    mirror = ['--prefix=mirror', self.models]
    run('subtree', 'add', '-q', *mirror, f'v{_OLD}')
    for patch in sorted((bootstrap.ROOT / 'official/patches').iterdir()):
      run('apply', '--directory=mirror', patch)
      run('commit', '-q', '-a', '-m', patch.stem)
    run('tag', 'old')

    def check() -> None:  # Tells edits, by what git noted of each file.
      run('status', '--porcelain', '--', 'mirror')
      run('diff', '--quiet', 'HEAD', '--', 'mirror')

    pull = ['subtree', 'pull', '-q', '-m', 'Pull', *mirror, f'v{_NEW}']
    new = functools.partial(run, *pull)
    new()
    return Tool(check, new, lambda: run('reset', '-q', '--hard', 'old'))

  def _make_plain(self) -> Tool:
    """Downloads, unpacks, patches, compares, and copies what differs."""
    plain = self.scratch / 'plain'

    def sync(version: str) -> None:
      with tempfile.TemporaryDirectory(dir=self.scratch) as name:
        folder = pathlib.Path(name)
        new = folder / 'new'
        _unpack(index.download(_PACKAGE, version, folder), new)
        for patch in sorted((bootstrap.ROOT / 'official/patches').iterdir()):
          _shell(new, 'patch', '-s', '-p1', '-i', patch)
        done = subprocess.run(
            ['diff', '-rq', plain, new], capture_output=True, check=False
        )
        if done.returncode:
          shutil.rmtree(plain, ignore_errors=True)
          new.rename(plain)

    new = functools.partial(sync, _NEW)
    new()
    return Tool(new, new, functools.partial(sync, _OLD))


def measure(bench: Bench, rounds: int) -> dict[tuple[str, str], list[float]]:
  """Times every job of every tool, in turns.

  Args:
    bench: The tools at work.
    rounds: How often.

  Returns:
    Seconds by job and tool.
  """
  seconds = {(job, tool): [] for job in _JOBS for tool in bench.tools}
  for number in range(rounds):
    print(f'bench: round {number + 1} of {rounds}', file=sys.stderr, flush=True)
    for job in _JOBS:
      for name, tool in bench.tools.items():
        if job == 'step':
          tool.old()
        run = tool.check if job == 'check' else tool.new
        began = time.perf_counter()
        run()
        seconds[job, name].append(time.perf_counter() - began)
  return seconds


def table(seconds: dict[tuple[str, str], list[float]]) -> str:
  """Formats what was measured.

  Args:
    seconds: See `measure`.

  Returns:
    Lines of Markdown.
  """
  header = ['job', 'tool', 'seconds, median (range)']
  header += [f'theirs / {ours}' for ours in _OURS]
  rows = []
  for (job, tool), theirs in seconds.items():
    cells = [job, tool, report.middle(theirs, 3)]
    for ours in _OURS:
      pairs = zip(theirs, seconds[job, ours], strict=True)
      ratio = statistics.median(them / us for them, us in pairs)
      cells.append('-' if tool in _OURS else f'{ratio:.1f}')
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
