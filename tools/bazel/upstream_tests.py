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

"""Runs upstream's own test files and compares them with the known failures.

The targets of `upstream_tests.bzl` call it with the test files of one part of
the mirror. TensorFlow is imported once; then each file is run as `__main__` in
a fork, so that nothing but upstream's own `tf.test.main()` decides. What it
reports is compared both ways with `official/known_failures.yaml`: a failure
that is not listed fails the target, and so does a listed one that is gone. A
file that runs no test fails, too.
"""

import argparse
import contextlib
import faulthandler
import importlib
import os
import pathlib
import re
import runpy
import shutil
import signal
import sys
import tempfile
import time
import traceback
from typing import Mapping, NoReturn, Sequence
from xml.etree import ElementTree

from absl import flags
from absl.testing import absltest

from tfmot_contrib import errors
from tools.bazel import known_failures

# What a test did.
_PASSED = 'passed'
_SKIPPED = 'skipped'
_FAILED = 'failed'

# The exit code of a fork whose file raised instead of calling sys.exit.
_RAISED = 70

# What Bazel tells a test to do with itself, and is not for upstream's file.
_NOT_INHERITED = (
    'TESTBRIDGE_TEST_ONLY',
    'TESTBRIDGE_TEST_RUNNER_FAIL_FAST',
    'TEST_SHARD_INDEX',
    'TEST_SHARD_STATUS_FILE',
    'TEST_TOTAL_SHARDS',
)

# One thread for each file; Bazel runs as many shards as there are cores.
_ENVIRON = {
    'OMP_NUM_THREADS': '1',
    'TF_CPP_MIN_LOG_LEVEL': '2',
    'TF_NUM_INTRAOP_THREADS': '1',
}

# A file must leave so many seconds of the target's time, so that the table is
# printed before Bazel ends the test.
_RESERVE = 10

# How much of a file's output is printed when it is not as listed.
_LOG_LINES = 60


def find(rootpaths: Sequence[str]) -> dict[str, pathlib.Path]:
  """Finds the test files in the runfiles.

  Args:
    rootpaths: What Bazel's `rootpaths` gives for them.

  Returns:
    Where each is, by its name in the mirror: `official/…` or `orbit/…`.

  Raises:
    errors.InputError: One is not there, or not of the mirror.
  """
  found = {}
  for rootpath in rootpaths:
    parts = pathlib.PurePath(rootpath).parts
    starts = [i for i, p in enumerate(parts) if p in ('official', 'orbit')]
    if not starts:
      raise errors.InputError(f'{rootpath} is not in official/ or orbit/')
    # The folder of an external repository is beside that of the workspace.
    path = pathlib.Path(re.sub('^external/', '../', rootpath))
    if not path.is_file():
      raise errors.InputError(f'{rootpath} is not in the runfiles')
    found['/'.join(parts[starts[0] :])] = path.absolute()
  return found


def _run_child(path: pathlib.Path, scratch: pathlib.Path) -> NoReturn:
  """Runs a test file as `__main__` in this process, which then ends.

  Args:
    path: The file.
    scratch: An empty folder for its output, its report and its own files.
  """
  code = _RAISED
  try:
    os.setpgid(0, 0)
    log = os.open(scratch / 'log', os.O_WRONLY | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    for name in _NOT_INHERITED:
      os.environ.pop(name, None)
    home = scratch / 'tmp'
    home.mkdir()
    os.environ.update(
        HOME=str(home),
        MPLCONFIGDIR=str(home),
        TEST_TMPDIR=str(home),
        XML_OUTPUT_FILE=str(scratch / 'report.xml'),
    )
    flags.set_default(absltest.TEST_TMPDIR, str(home))
    sys.argv[:] = [str(path)]
    runpy.run_path(str(path), run_name='__main__')
    code = 0
  except SystemExit as error:
    if isinstance(error.code, int):
      code = error.code
    elif error.code is None:
      code = 0
    else:
      print(error.code, file=sys.stderr)
      code = 1
  except BaseException:  # pylint: disable=broad-exception-caught
    traceback.print_exc()
  finally:
    try:
      sys.stdout.flush()
      sys.stderr.flush()
    finally:
      os._exit(code)


def _kill(pid: int, number: signal.Signals) -> None:
  """Sends a signal to a process group that may be gone."""
  with contextlib.suppress(ProcessLookupError):
    os.killpg(pid, number)


def _wait(pid: int, limit: float) -> int | None:
  """Waits for a child; returns its exit code, -signal, or None when late."""
  end = time.monotonic() + limit
  while time.monotonic() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
      return os.waitstatus_to_exitcode(status)
    time.sleep(0.02)
  return None


def read_report(path: pathlib.Path) -> list[tuple[str, str, str]] | None:
  """Reads the report that absltest leaves.

  Args:
    path: The XML file.

  Returns:
    The name `Class.test`, the outcome (passed, skipped or failed) and the
    message of each test, or None when there is no whole report. A test with
    subtests stands there once for each.
  """
  try:
    root = ElementTree.parse(path).getroot()
  except (OSError, ElementTree.ParseError):
    return None
  tests = []
  for case in root.iter('testcase'):
    # Parameters follow the name; some print an address in memory.
    name = re.split(r'[ (\[]', case.get('name', ''), maxsplit=1)[0]
    # tf.test.TestCase has a method that only looks like a test.
    if name == 'test_session':
      continue
    problem = next((c for c in case if c.tag in ('failure', 'error')), None)
    outcome, message = _PASSED, ''
    if problem is not None:
      outcome = _FAILED
      message = f'{problem.get("type")}: {problem.get("message")}'
    elif case.get('status') == 'notrun':
      outcome = _SKIPPED
    class_name = case.get('classname', '').split('.')[-1]
    tests.append((f'{class_name}.{name}', outcome, message))
  return tests


def run_file(
    file: str, path: pathlib.Path, scratch: pathlib.Path, limit: float
) -> known_failures.Outcome:
  """Runs one test file in a fork.

  Args:
    file: Its name in the mirror.
    path: Where it is.
    scratch: A folder, not there yet, that is gone afterwards.
    limit: The seconds after which it is ended.

  Returns:
    What it did.
  """
  scratch.mkdir(parents=True)
  sys.stdout.flush()
  sys.stderr.flush()
  start = time.monotonic()
  pid = os.fork()
  if not pid:
    _run_child(path, scratch)
  code = _wait(pid, limit)
  ended = f'exit code {code}'
  if code is None:
    ended = f'stopped after {limit:.0f} s'
    _kill(pid, signal.SIGUSR1)  # faulthandler prints where it is.
    time.sleep(0.5)
    _kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
  elif code < 0:
    ended = f'died of {signal.Signals(-code).name}'
  _kill(pid, signal.SIGKILL)  # What it left running.
  seconds = time.monotonic() - start
  tests = read_report(scratch / 'report.xml')
  kind = _kind(code, tests)
  log = (scratch / 'log').read_text(encoding='utf-8', errors='replace')
  shutil.rmtree(scratch, ignore_errors=True)
  failed = {n: m for n, o, m in tests or [] if o == _FAILED}
  passed = {n for n, o, _ in tests or [] if o == _PASSED} - set(failed)
  skipped = {n for n, o, _ in tests or [] if o == _SKIPPED}
  return known_failures.Outcome(
      file=file,
      kind=kind,
      ended=ended,
      passed=frozenset(passed),
      skipped=frozenset(skipped - passed - set(failed)),
      failed=failed,
      seconds=seconds,
      log='\n'.join(log.splitlines()[-_LOG_LINES:]),
  )


def _kind(
    code: int | None, tests: Sequence[tuple[str, str, str]] | None
) -> str | None:
  """Tells why a file as a whole failed.

  Args:
    code: Its exit code, -signal, or None when it was stopped.
    tests: What it reported, or None without a report.

  Returns:
    A word of `known_failures.KINDS`, or None when its tests tell all.
  """
  if code is None or code < 0:
    return known_failures.CRASH
  if tests is None and code:
    return known_failures.IMPORT if code == _RAISED else known_failures.CRASH
  outcomes = {outcome for _, outcome, _ in tests or []}
  if outcomes <= {_SKIPPED}:
    return known_failures.NO_TEST
  return known_failures.CRASH if code and _FAILED not in outcomes else None


def _row(file: str, *cells: object) -> str:
  """Returns a line of the table."""
  return f'{file:<68}' + ''.join(f'{cell!s:>8}' for cell in cells)


def run_files(
    files: Mapping[str, pathlib.Path],
    known: Mapping[str, known_failures.Known],
    listed_in: str,
    scratch: pathlib.Path,
    limit: float,
    end: float,
) -> list[str]:
  """Runs test files and prints a table of what they did.

  Args:
    files: Where each file is, by its name in the mirror.
    known: The known failures.
    listed_in: The file that lists them, for the messages.
    scratch: A folder for what they write.
    limit: The seconds of a file.
    end: When all must be done, on the monotonic clock.

  Returns:
    A line for each difference from what is known.
  """
  lines = []
  ran = failed = 0
  print(_row('file', 'ran', 'skipped', 'failed', 'listed', 'seconds'))
  for number, (file, path) in enumerate(files.items()):
    left = min(limit, max(1.0, end - time.monotonic()))
    outcome = run_file(file, path, scratch / str(number), left)
    entry = known.get(file, known_failures.Known())
    found = known_failures.judge(outcome, entry, listed_in)
    cells = (
        len(outcome.passed) + len(outcome.failed),
        len(outcome.skipped),
        outcome.kind or len(outcome.failed),
        1 if entry.kind else len(entry.tests),
        f'{outcome.seconds:.1f}',
    )
    print(_row(file, *cells), flush=True)
    if found:
      print('  | ' + outcome.log.replace('\n', '\n  | '))
    lines += found
    ran += len(outcome.passed) + len(outcome.failed)
    failed += bool(outcome.kind) or len(outcome.failed)
  print(f'{len(files)} files, {ran} tests, {failed} failures')
  return lines


def _share(files: Mapping[str, pathlib.Path]) -> dict[str, pathlib.Path]:
  """Returns the files of this shard, as Bazel's environment says."""
  status = os.environ.get('TEST_SHARD_STATUS_FILE')
  if status:
    pathlib.Path(status).touch()
  total = int(os.environ.get('TEST_TOTAL_SHARDS', '1'))
  index = int(os.environ.get('TEST_SHARD_INDEX', '0'))
  return dict(sorted(files.items())[index::total])


def _parser() -> argparse.ArgumentParser:
  """Returns the parser of the arguments."""
  parser = argparse.ArgumentParser(
      prog='upstream_tests', description=__doc__.split('\n\n', maxsplit=1)[0]
  )
  parser.add_argument('files', nargs='+', help='upstream test files')
  parser.add_argument(
      '--known_failures', required=True, help='known_failures.yaml'
  )
  parser.add_argument(
      '--import_first',
      default='',
      help='modules, with commas, to import once for all files',
  )
  parser.add_argument(
      '--list_only',
      action='store_true',
      help='run nothing: check that each listed file is one of the files',
  )
  parser.add_argument(
      '--only',
      default=os.environ.get('TESTBRIDGE_TEST_ONLY', ''),
      help='run the files whose name contains this (bazel: --test_filter)',
  )
  parser.add_argument(
      '--timeout_seconds', type=float, default=1500, help='of one file'
  )
  return parser


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> int:
  """Runs the files, or checks the list; returns the exit code."""
  time_out = float(os.environ.get('TEST_TIMEOUT', 'inf'))
  end = time.monotonic() + time_out - _RESERVE
  args = _parser().parse_args(argv)
  listed_in = args.known_failures
  known = known_failures.read(listed_in)
  files = find(args.files)
  if args.list_only:
    lines = known_failures.strangers(known, files, listed_in)
  else:
    files = {file: path for file, path in files.items() if args.only in file}
    if not files:
      raise errors.InputError(f'no file has {args.only} in its name')
    for name, value in _ENVIRON.items():
      os.environ.setdefault(name, value)
    scratch = tempfile.mkdtemp(dir=os.environ.get('TEST_TMPDIR'))
    os.environ['MPLCONFIGDIR'] = scratch
    for module in filter(None, args.import_first.split(',')):
      importlib.import_module(module)
    lines = run_files(
        _share(files),
        known,
        listed_in,
        pathlib.Path(scratch),
        args.timeout_seconds,
        end,
    )
    shutil.rmtree(scratch, ignore_errors=True)
  for line in lines:
    print(f'error: {line}')
  return 1 if lines else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
