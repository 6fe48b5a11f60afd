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

"""Bisects for real: plants faults in a checkout of TFMOT, and finds them.

    tools/nox -s bisect_check -- --plantings 20

The checkout has 60 commits that make TFMOT 0.7.3 into 0.8.1, of the files of
their wheels. Some touch documents only, one cannot be built, and one fails in
another way. A fault is planted at a random commit, and bisected twice: with a
symptom that always shows, and with one that shows in 80 % of runs and falsely
in 5 %. Each bisection is killed at a random run and goes on. Plain bisection,
which believes each run, is tried on the same symptoms.

The network is needed, so this is no Bazel test.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import signal
import statistics
import sys
import tempfile
import time
from typing import Any, NamedTuple, Sequence
import zipfile

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import builds
from tools.bisect import command as commands
from tools.bisect import symptom_testing
from tools.env import checkout as checkouts

COMMITS = 60
_RELEASES = ('0.7.3', '0.7.5', '0.8.0', '0.8.1')
_FILE = 'tensorflow_model_optimization/python/core/sparsity/keras/'
_FILE += 'pruning_schedule.py'
# What is planted, and what it makes wrong.
_FAULTS = ((b'power=3', b'power=1'), (b'frequency=100', b'frequency=10'))
# A commit that cannot be built, one that fails in another way, and the commits
# behind them, which mend that. Nothing is planted there.
_UNBUILDABLE, _DIFFERENT = 20, 40
_SPOILT = (20, 21, 40, 41)
_NOISE = (0.8, 0.05)
_FOUND = 0


# Builds a wheel as the real one does, without setuptools, whose import takes
# longer than all the rest.
_SETUP = f"""\
import pathlib, sys, zipfile
about = 'tensorflow_model_optimization-0.8.1'
place = pathlib.Path(sys.argv[sys.argv.index('-d') + 1])
with zipfile.ZipFile(place / f'{{about}}-py3-none-any.whl', 'w') as wheel:
  for path in sorted(pathlib.Path('{checkouts.NAME}').rglob('*.py')):
    wheel.write(path)
  wheel.writestr(
      f'{{about}}.dist-info/METADATA',
      'Name: tensorflow-model-optimization\\nVersion: 0.8.1\\n\\n')
"""


class Trial(NamedTuple):
  """What came of one bisection.

  Attributes:
    planted: The number of the commit with the fault.
    found: Whether the bisection ended with that commit.
    runs: How many it took.
    killed: After how many it was killed.
    plain_found: Whether plain bisection found it.
    plain_runs: How many runs that took.
    mended: Whether the revert branch was found good.
  """

  planted: int
  found: bool
  runs: int
  killed: int
  plain_found: bool
  plain_runs: int
  mended: bool


def _files(version: str) -> dict[str, bytes]:
  """Returns the code of a release."""
  with zipfile.ZipFile(builds.wheel(version)) as archive:
    return {
        name: archive.read(name)
        for name in archive.namelist()
        if name.startswith(f'{checkouts.NAME}/')
    }


def history() -> list[dict[str, bytes]]:
  """Returns the files of each commit, the good end first.

  Returns:
    One more than there are commits.
  """
  trees = [_files(version) for version in _RELEASES]
  changes = [
      (name, after.get(name))
      for before, after in itertools.pairwise(trees)
      for name in sorted(before.keys() | after.keys())
      if before.get(name) != after.get(name)
  ]
  files = {**trees[0], 'setup.py': _SETUP.encode()}
  found = [files]
  with_code = [n for n in range(1, COMMITS + 1) if n % 6]
  for number in range(1, COMMITS + 1):
    note = f'{checkouts.NAME}/g3doc/note{number}.md'
    files = {**files, note: b'What has changed.\n'}
    if number in with_code:
      at = with_code.index(number)
      ends = [len(changes) * k // len(with_code) for k in (at, at + 1)]
      files |= dict(changes[ends[0] : ends[1]])
      files = {name: data for name, data in files.items() if data is not None}
    found.append(files)
  found[_UNBUILDABLE] = {**found[_UNBUILDABLE], 'setup.py': b'1 / 0\n'}
  broken = found[_DIFFERENT][_FILE] + b'\ndef (:\n'
  found[_DIFFERENT] = {**found[_DIFFERENT], _FILE: broken}
  return found


def plant(
    commits: Sequence[dict[str, bytes]],
    at: int,
    fault: tuple[bytes, bytes],
    folder: pathlib.Path,
) -> list[str]:
  """Makes a checkout with a fault.

  Args:
    commits: Of `history`.
    at: The number of the commit that brings the fault.
    fault: What becomes what.
    folder: An empty folder, for the repository.

  Returns:
    The commits, the good end first.
  """
  old, new = fault
  trees: dict[str, git.Tree] = {}
  for number, files in enumerate(commits):
    if number >= at:
      if old not in files[_FILE]:
        raise errors.InputError(f'{_FILE} has no {old.decode()}')
      files = {**files, _FILE: files[_FILE].replace(old, new)}
    trees[f'commit{number:02}'] = {
        name: git.Entry(git.FILE, data) for name, data in files.items()
    }
  git.configure(folder)
  git.import_trees(folder, trees)
  return [builds.resolve(folder, name) for name in trees]


def plain_bisection(wrong: Sequence[bool]) -> tuple[int, int]:
  """Returns what bisection finds that runs each commit once, and its runs."""
  low, high, runs = 0, len(wrong) - 1, 0
  while high - low > 1:
    middle = (low + high) // 2
    runs += 1
    low, high = (low, middle) if wrong[middle] else (middle, high)
  return high, runs


def _read(state: pathlib.Path) -> dict[str, Any]:
  """Reads the state, which is whole whenever it is there."""
  return json.loads(state.read_bytes()) if state.exists() else {'runs': []}


def _start(argv: Sequence[str], log: pathlib.Path):
  """Starts a bisection in a process of its own, which is forked to be quick."""

  def run() -> None:
    with open(log, 'ab', buffering=0) as stream:
      for number in (1, 2):
        os.dup2(stream.fileno(), number)
      sys.exit(commands.main(argv))

  process = multiprocessing.get_context('fork').Process(target=run)
  process.start()
  return process


def _killed(argv: Sequence[str], state: pathlib.Path, after: int) -> None:
  """Starts a bisection and kills it after some runs.

  Args:
    argv: Of the bisection.
    state: Its state.
    after: The runs.

  Raises:
    errors.InputError: It ended before.
  """
  process = _start(argv, state.with_name('killed.log'))
  while len(_read(state)['runs']) < after and process.is_alive():
    time.sleep(0.02)
  process.kill()
  process.join()
  if process.exitcode != -signal.SIGKILL:
    raise errors.InputError(
        f'it ended with {process.exitcode} before it was killed'
    )


def trial(
    commits: Sequence[dict[str, bytes]],
    chance: random.Random,
    noisy: bool,
    key: str,
) -> Trial:
  """Plants a fault and bisects it.

  Args:
    commits: Of `history`.
    chance: Says where to plant, and when to kill.
    noisy: Whether the symptom comes and goes.
    key: Of this trial's noise.

  Returns:
    What came of it.
  """
  places = [n for n in range(1, COMMITS + 1) if n not in _SPOILT]
  at, fault = chance.choice(places), chance.choice(_FAULTS)
  with tempfile.TemporaryDirectory(prefix='bisect-') as scratch:
    folder = pathlib.Path(scratch) / 'checkout'
    folder.mkdir()
    shas = plant(commits, at, fault, folder)
    script = symptom_testing.__file__
    probe = f"'{sys.executable}' -I -S '{script}' {{tree}} {_FILE}"
    probe += f' {fault[0].decode()}'
    noise = f'{_NOISE[0]},{_NOISE[1]},{key}'
    probe += f" '{noise} {{tfmot}}'" if noisy else ''
    state = pathlib.Path(scratch) / 'state.json'
    argv = ['--checkout', str(folder), '--good', shas[0], '--bad', shas[-1]]
    argv += ['--state', str(state), '--command', probe]
    argv += ['--noisy'] if noisy else []
    _killed(argv, state, chance.randint(3, 7))
    before = _read(state)['runs']
    log = pathlib.Path(scratch) / 'log'
    process = _start(argv, log)
    process.join()
    after = _read(state)['runs']
    if after[: len(before)] != before:
      raise errors.InputError('a run that was made is not there any more')
    written = pathlib.Path(scratch) / 'result.json'
    if not written.exists():
      said = log.read_text(encoding='utf-8')[-3000:]
      raise errors.InputError(f'a bisection wrote no result: {said}')
    result = json.loads(written.read_bytes())
    ended = result['first_bad'] or {'value': ''}
    found = process.exitcode == _FOUND and ended['value'].endswith(shas[at])
    reverted = (result['revert'] or {}).get('said', '')
    mended = 'it is good' in reverted
    if not (found and mended):
      print(log.read_text(encoding='utf-8')[-3000:])
    wrong = []
    os.environ['BISECT_SEED'] = '1'
    for number, sha in enumerate(shas):
      run = f'{noise} {folder}@{sha}'
      wrong.append(
          symptom_testing.shows(number >= at, run) if noisy else number >= at
      )
    end, runs = plain_bisection(wrong)
    # Tests of the revert branch are none of the search.
    searched = sum(
        run['combination']['tfmot'].rpartition('@')[2] in shas for run in after
    )
    return Trial(at, found, searched, len(before), end == at, runs, mended)


def summary(name: str, trials: Sequence[Trial]) -> str:
  """Returns what came of some trials, on one line of a table."""
  count = len(trials)
  runs = [one.runs for one in trials]
  return (
      f'| {name} | {sum(one.found for one in trials)} of {count} |'
      f' {statistics.fmean(runs):.1f} ({min(runs)}-{max(runs)}) |'
      f' {sum(one.mended for one in trials)} of {count} |'
      f' {sum(one.plain_found for one in trials)} of {count} |'
      f' {statistics.fmean(one.plain_runs for one in trials):.1f} |'
  )


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> int:
  """Runs the trials.

  Args:
    argv: The command line without the program.

  Returns:
    0 if enough plantings were found, else 1.
  """
  parser = argparse.ArgumentParser(prog='real_check', description=__doc__)
  parser.add_argument('--plantings', type=int, default=20, help='of each kind')
  parser.add_argument('--seed', type=int, default=1, help='of what is random')
  parser.add_argument('--kind', choices=('always', 'noisy'), help='this alone')
  flags = parser.parse_args(argv)
  commits = history()
  lines, good = [], True
  for name, share in (('always', 0.95), ('noisy', 0.9)):
    if flags.kind not in (None, name):
      continue
    chance = random.Random(f'{flags.seed} {name}')
    trials = []
    for number in range(flags.plantings):
      one = trial(commits, chance, name == 'noisy', f'{flags.seed}.{number}')
      print(f'{name} {number + 1}: {one}', flush=True)
      trials.append(one)
    good &= sum(one.found for one in trials) >= share * flags.plantings
    lines.append(summary(name, trials))
  print(
      '| symptom | found | runs, mean (range) | revert good | plain bisection'
      ' found | its runs |\n| --- | --- | --- | --- | --- | --- |'
  )
  print('\n'.join(lines))
  return 0 if good else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
