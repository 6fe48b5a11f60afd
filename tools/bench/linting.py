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

"""Compares the lint with plain pylint over the same files, in one run.

    tools/nox -s bench_lint [-- --rounds=1]

Three things in turns: the lint with nothing known, the lint with nothing
changed, and pylint as it comes, without settings, on as many processes. Each is
told in seconds by the clock and of the processor: on a machine that does other
work too, the second tells more.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.lint import programs
from tools.lint import tree
from tools.versions import bootstrap


class Took(NamedTuple):
  """What a command took.

  Attributes:
    wall: Seconds by the clock.
    cpu: Seconds of the processor, user and system, children included.
  """

  wall: float
  cpu: float


def measure(command: Sequence[object], environ: Mapping[str, str]) -> Took:
  """Runs a command and returns what it took.

  Args:
    command: The program and its arguments.
    environ: Its environment.

  Returns:
    Seconds by the clock and of the processor.

  Raises:
    errors.InputError: It did not run; that it finds something is no failure.
  """
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  started = time.monotonic()
  done = subprocess.run(
      [str(word) for word in command],
      cwd=bootstrap.ROOT,
      env=dict(environ),
      capture_output=True,
      text=True,
      check=False,
  )
  wall = time.monotonic() - started
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  if done.returncode == 2 and 'error' in done.stderr:
    raise errors.InputError(done.stderr)
  cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
  return Took(wall, cpu)


def _commands(results: pathlib.Path) -> dict[str, list[object]]:
  """Returns the commands to compare, by what they are called."""
  python = [
      path
      for path in tree.list_files(bootstrap.ROOT)
      if path.endswith('.py') and not path.startswith('official/')
  ]
  code = (
      'import pathlib, sys; from tools.lint import lint;'
      'sys.exit(lint.main([], cache=pathlib.Path(sys.argv[1])))'
  )
  lint = [sys.executable, '-c', code, results]
  plain = [programs.packages() / 'pylint', '--rcfile=/dev/null', '--score=n']
  return {
      'lint, nothing known': lint,
      'lint, nothing changed': lint,
      'plain pylint': [*plain, f'--jobs={surroundings.cpus()}', '--', *python],
  }


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints a table.

  Args:
    argv: The command line without the program.
  """
  parser = argparse.ArgumentParser(prog='bench_lint', description=__doc__)
  parser.add_argument('--rounds', type=int, default=1, help='of all three')
  flags = parser.parse_args(argv)
  took: dict[str, list[Took]] = {}
  for _ in range(flags.rounds):
    with tempfile.TemporaryDirectory() as scratch:
      folder = pathlib.Path(scratch)
      environ = {
          **os.environ,
          'PYTHONPATH': str(bootstrap.ROOT),
          'PYINK_CACHE_DIR': scratch,
          'PYLINTHOME': scratch,
      }
      for name, command in _commands(folder / 'results.json').items():
        took.setdefault(name, []).append(measure(command, environ))
        print(f'{name}: {took[name][-1]}', file=sys.stderr, flush=True)
  print('| | seconds | processor seconds |\n| --- | --- | --- |')
  for name, all_of in took.items():
    wall = statistics.median(one.wall for one in all_of)
    cpu = statistics.median(one.cpu for one in all_of)
    print(f'| {name} | {wall:.1f} | {cpu:.1f} |')


if __name__ == '__main__':
  main(sys.argv[1:])
