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

"""Runs tests with Bazel and tells, test by test, what came of them.

Bazel's build events say which test passed, failed or was not even built, and
where its log and outputs are. A convergence test leaves its verdicts there, so
whoever runs a suite gets every claim with what was measured.
"""

import collections
import dataclasses
import json
import pathlib
import tempfile
from typing import Any, Iterator, Mapping, Sequence
from urllib import parse
import zipfile

from tfmot_contrib import errors
from tools.suite import draw

PASSED = 'PASSED'
NOT_BUILT = 'NOT BUILT'
_VERDICT = 'verdict.json'
# Of Bazel's exit codes, those with which a suite has run: all is well, not all
# was built, tests failed.
_RAN = (0, 1, 3)
_NO_TESTS = 4
_INTERRUPTED = 8
_LAST_LINES = 3
# Begins what Bazel 4 adds to whatever a Python program fails with.
_NOTE = 'Note: The failure of target '


@dataclasses.dataclass(frozen=True)
class Test:
  """What came of one test.

  Attributes:
    label: Its Bazel label.
    status: Bazel's word: PASSED, FLAKY, FAILED, TIMEOUT, or `NOT_BUILT`.
    seconds: That its runs took, cached or not.
    claims: Of a convergence test, each verdict as `verdict.as_dict` has it.
    log: What it printed, or why it was not built.
  """

  label: str
  status: str
  seconds: float = 0.0
  claims: tuple[Mapping[str, Any], ...] = ()
  log: str = ''

  @property
  def good(self) -> bool:
    """Whether it passed, at the first attempt."""
    return self.status == PASSED

  @property
  def why(self) -> str:
    """Why it is not good, in a line: the claims, or the last of its log."""
    bad = [
        f'{c["claim"]} is {c["measured"]:.6g}, bound {c["bound"]}:'
        f' {c["verdict"]}'
        for c in self.claims
        if not c['good']
    ]
    if bad:
      return '; '.join(bad)
    lines = [line for line in self.log.splitlines() if line.strip()]
    return (
        '' if self.good else errors.one_line(' | '.join(lines[-_LAST_LINES:]))
    )


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What came of a suite.

  Attributes:
    tests: By label, in the order of the labels.
    broken: What could not be loaded, and why.
    seconds: That Bazel took.
  """

  tests: Mapping[str, Test]
  broken: Mapping[str, str]
  seconds: float

  @property
  def good(self) -> bool:
    """Whether there are tests, and all passed."""
    return (
        bool(self.tests)
        and not self.broken
        and all(test.good for test in self.tests.values())
    )

  @property
  def bad(self) -> list[Test]:
    """Those that are not good."""
    return [test for test in self.tests.values() if not test.good]

  @property
  def words(self) -> dict[str, int]:
    """How many claims have which verdict."""
    words = (c['verdict'] for t in self.tests.values() for c in t.claims)
    return dict(sorted(collections.Counter(words).items()))


class NotRunError(errors.InputError):
  """Bazel ran none of the tests that there are."""


class NotLoadedError(NotRunError):
  """The tests could not be loaded: the fault is in the tree, not in Bazel."""


def run(
    bazel: draw.Bazel,
    targets: Sequence[str],
    options: Sequence[str] = (),
    capture: bool = False,
) -> Outcome:
  """Runs tests.

  Args:
    bazel: How to call it.
    targets: Labels and patterns; `-//…` takes some away.
    options: More options of `bazel test`, such as `setting_options` returns.
    capture: Whether to keep what Bazel prints from the user.

  Returns:
    What came of them. That some failed is no error.

  Raises:
    errors.InputError: Bazel could not run them, or there are none.
  """
  with tempfile.TemporaryDirectory() as folder:
    events = pathlib.Path(folder) / 'events.jsonl'
    done = bazel(
        'test',
        '--build_tests_only',
        '--keep_going',
        f'--build_event_json_file={events}',
        *options,
        '--',
        *targets,
        capture=capture,
    )
    what = ' '.join(targets)
    if done.returncode == _NO_TESTS:
      raise errors.InputError(f'{what} has no tests to run: name others')
    if done.returncode == _INTERRUPTED:
      raise errors.InputError(
          f'{what} was interrupted: run it again, what was trained is kept'
      )
    if done.returncode not in _RAN or not events.is_file():
      said = [x for x in (done.stderr or '').splitlines() if 'ERROR' in x]
      raise NotRunError(
          f'Bazel could not test {what} (exit {done.returncode}):'
          f' {(said or ["see above"])[0]}'
      )
    outcome = read(events)
  if not outcome.tests:
    why = '; '.join(f'{k}: {v}' for k, v in outcome.broken.items())
    raise NotLoadedError(f'{what}: no test could run: {why or "see above"}')
  return outcome


def setting_options(settings: Mapping[str, str]) -> list[str]:
  """Returns the options that make Bazel take other versions.

  Args:
    settings: By `tensorflow` and `tfmot`, as `environment.settings` has them.

  Returns:
    One for each.
  """
  return [f'--repo_env={k.upper()}={v}' for k, v in sorted(settings.items())]


def read(events: pathlib.Path) -> Outcome:
  """Reads what `--build_event_json_file` has left.

  Args:
    events: A JSON object a line.

  Returns:
    What came of the tests.

  Raises:
    errors.InputError: It is no such file, ends early, or a verdict is broken.
  """
  by_kind = collections.defaultdict(list)
  try:
    for line in events.read_text(encoding='utf-8').splitlines():
      event = json.loads(line)
      kind, key = next(iter(event['id'].items()))
      by_kind[kind].append((key, event))
  except (OSError, ValueError, KeyError, TypeError) as error:
    raise errors.InputError(
        f'{events} has no build events of Bazel: {error}'
    ) from error
  if not by_kind['buildFinished']:
    raise errors.InputError(f'{events} ends early: run the tests again')
  begin = [
      e['started'].get('startTimeMillis', 0) for _, e in by_kind['started']
  ]
  end = by_kind['buildFinished'][0][1]['finished'].get('finishTimeMillis', 0)
  tests = {**_not_built(by_kind), **_run_tests(by_kind)}
  return Outcome(
      tests=dict(sorted(tests.items())),
      broken={
          ' '.join(key['pattern']): errors.one_line(_reason(event))
          for key, event in by_kind['pattern']
          if 'aborted' in event
      },
      seconds=(int(end) - int(begin[0])) / 1000 if begin else 0.0,
  )


def _run_tests(
    by_kind: Mapping[str, list[tuple[Any, Any]]],
) -> dict[str, Test]:
  """Returns the tests that ran."""
  files = collections.defaultdict(dict)  # Of the last attempt of each shard.
  for key, event in by_kind['testResult']:
    shard = (key.get('run', 1), key.get('shard', 1))
    files[key['label']][shard] = event['testResult'].get('testActionOutput', [])
  tests = {}
  for key, event in by_kind['testSummary']:
    label, summary = key['label'], event['testSummary']
    left = [x for shard in sorted(files[label].items()) for x in shard[1]]
    zips = _paths(left, 'test.outputs__')
    logs = [_text(path) for path in _paths(left, 'test.log')]
    tests[label] = Test(
        label,
        summary['overallStatus'],
        int(summary.get('totalRunDurationMillis', 0)) / 1000,
        tuple(claim for path in zips for claim in _claims(label, path)),
        '\n'.join(logs),
    )
  return tests


def _not_built(
    by_kind: Mapping[str, list[tuple[Any, Any]]],
) -> dict[str, Test]:
  """Returns the tests that were not built, with the reasons for a log."""
  reasons = {
      key['label']: _reason(event)
      for kind in ('configuredLabel', 'unconfiguredLabel', 'actionCompleted')
      for key, event in by_kind[kind]
  }
  tests = {
      key['label']
      for key, event in by_kind['targetConfigured']
      if '_test rule' in event.get('configured', {}).get('targetKind', '')
  }
  found = {}
  for key, event in by_kind['targetCompleted']:
    label = key['label']
    if label in tests and not event.get('completed', {}).get('success'):
      causes = [
          next(iter(child.values())).get('label', '')
          for child in event.get('children', [])
      ]
      log = [f'{c}: {reasons[c]}' for c in causes if c in reasons]
      log = log or [_reason(event)]
      found[label] = Test(label, NOT_BUILT, log='\n'.join(log))
  return found


def _reason(event: Mapping[str, Any]) -> str:
  """Returns why an event is none of success."""
  if 'aborted' in event:
    aborted = event['aborted']
    return aborted.get('description') or aborted.get('reason', 'not built')
  if 'action' in event:
    files = [event['action'].get('stderr', {})]
    text = '\n'.join(_text(path) for path in _paths(files, ''))
    return text.partition(_NOTE)[0].strip('- \n')
  return 'not built'


def _paths(
    files: Sequence[Mapping[str, str]], prefix: str
) -> Iterator[pathlib.Path]:
  """Yields the local files whose name in the events begins with `prefix`."""
  for file in files:
    uri = parse.urlparse(file.get('uri', ''))
    name = file.get('name', '')
    if (
        uri.scheme == 'file'
        and name.startswith(prefix)
        and ('manifest' not in name)
    ):
      yield pathlib.Path(parse.unquote(uri.path))


def _text(path: pathlib.Path) -> str:
  """Returns the contents of a log, or nothing where it is gone."""
  try:
    return path.read_text(encoding='utf-8', errors='replace')
  except OSError:
    return ''


def _claims(label: str, path: pathlib.Path) -> list[dict[str, Any]]:
  """Returns the verdicts among what a test left; other tests leave none."""
  try:
    with zipfile.ZipFile(path) as archive:
      if _VERDICT not in archive.namelist():
        return []
      return json.loads(archive.read(_VERDICT))
  except (OSError, ValueError, zipfile.BadZipFile) as error:
    raise errors.InputError(
        f'the verdict that {label} left is broken ({error}): run it again'
    ) from error
