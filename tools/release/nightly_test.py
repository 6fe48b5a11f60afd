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

"""Tests of the night, on a git checkout and with a program for Bazel."""

import contextlib
import datetime
import io
import json
import os
import pathlib
import sys
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import exceptions
from tools.base import git
from tools.env import bootstrap
from tools.evidence import nights
from tools.evidence import project_testing
from tools.release import nightly
from tools.suite import suite

_TODAY = datetime.date(2026, 11, 28)
_GOOD = suite.Test('//x:good', suite.PASSED, 1.0)
_BAD = suite.Test('//x:bad', 'FAILED', 1.0, log='one\nKeyError: 3\n')
_ENTRY = {
    'what': '*KeyError*',
    'where': '//x:bad',
    'reason': 'It has no 3.',
    'by': 'Ada',
    'issue': 'https://github.com/x/y/issues/1',
    'until': _TODAY.isoformat(),
}
# Takes a note of its options, and says that //x:bad fails while fail.txt is.
_BAZEL = """\
#!{python}
import json, pathlib, sys
with open('asked.txt', 'a') as stream:
  stream.write(' '.join(sys.argv[1:]) + '\\n')
events = []
for label in sys.argv[sys.argv.index('--') + 1:]:
  bad = label == '//x:bad' and pathlib.Path('fail.txt').exists()
  status = 'FAILED' if bad else 'PASSED'
  log = pathlib.Path('fail.txt').absolute().as_uri()
  events.append({{'id': {{'testResult': {{'label': label}}}},
    'testResult': {{'testActionOutput': [
        {{'name': 'test.log', 'uri': log}}]}}}})
  events.append({{'id': {{'testSummary': {{'label': label}}}},
                 'testSummary': {{'overallStatus': status}}}})
events.append({{'id': {{'buildFinished': {{}}}}, 'finished': {{}}}})
file = [x for x in sys.argv if 'build_event_json_file' in x][0]
pathlib.Path(file.partition('=')[2]).write_text(
    '\\n'.join(json.dumps(event) for event in events))
"""


def _outcome(*tests: suite.Test, **broken: str) -> suite.Outcome:
  return suite.Outcome({t.label: t for t in tests}, broken, 2.0)


def _entry(**changes: str) -> exceptions.Entry:
  (entry,) = exceptions.parse([{**_ENTRY, **changes}], 'x', datetime.date.min)
  return entry


class NightTest(absltest.TestCase):

  def night(self, outcome: suite.Outcome, *explanations):
    about = {'channel': 'nightly', 'tier': 'cpu', 'targets': [], 'versions': {}}
    return nightly.night_of(outcome, explanations, _TODAY, **about)

  def test_green(self):
    night = self.night(_outcome(_GOOD))
    self.assertTrue(night['green'])
    self.assertEqual(night['tests'], {'//x:good': 'PASSED'})

  def test_red(self):
    self.assertFalse(self.night(_outcome(_GOOD, _BAD))['green'])
    self.assertFalse(self.night(_outcome(_GOOD, nothing='gone'))['green'])

  def test_explained(self):
    night = self.night(_outcome(_GOOD, _BAD), _entry())
    self.assertTrue(night['green'])
    self.assertEqual(
        night['explained'],
        {'//x:bad': 'It has no 3. https://github.com/x/y/issues/1'},
    )

  def test_explanation_that_is_past_its_day(self):
    old = _entry(until='2026-11-27')
    self.assertFalse(self.night(_outcome(_BAD), old)['green'])

  def test_explained_test_that_passes(self):
    mended = suite.Test('//x:bad', suite.PASSED)
    night = self.night(_outcome(mended), _entry())
    self.assertEqual((night['green'], night['mended']), (False, ['//x:bad']))

  def test_explained_test_that_fails_in_another_way_or_not_at_all(self):
    self.assertTrue(self.night(_outcome(_GOOD), _entry())['green'])
    night = self.night(_outcome(_BAD), _entry(what='*other*'))
    self.assertEqual((night['green'], night['mended']), (False, []))


class HistoryTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.checkout = self.root / 'tfmot'
    self.checkout.mkdir()
    git.configure(self.checkout)
    self.commits = [self.commit(name) for name in ('one', 'two', 'three')]
    lock = f'[digests]\nselection = "a"\npatched = "{"c" * 64}"\n'
    made = {'docs/about.md': '', 'official/upstream.lock': lock}
    project_testing.put(self.root, {**made, 'pyproject.toml': ''})
    program = self.root / 'bazel'
    program.write_text(_BAZEL.format(python=sys.executable), encoding='utf-8')
    program.chmod(0o755)
    self.enterContext(
        mock.patch.object(bootstrap, 'bazel', return_value=str(program))
    )
    self.enterContext(mock.patch.dict(os.environ))
    os.environ.pop('TFMOT', None)

  def commit(self, subject: str) -> str:
    project_testing.put(self.checkout, {'setup.py': f'# {subject}\n'})
    git.run(self.checkout, 'add', '-A', what='adding')
    git.run(self.checkout, 'commit', '-q', '-m', subject, what='committing')
    return git.text(self.checkout, 'rev-parse', 'HEAD', what='asking')

  def explain(self, **changes: str) -> None:
    """Accepts the failure of //x:bad in pyproject.toml."""
    entry = {**_ENTRY, **changes}
    lines = [f'{key} = {json.dumps(value)}\n' for key, value in entry.items()]
    text = '[[tool.tfmot_models.nightly.exceptions]]\n' + ''.join(lines)
    project_testing.put(self.root, {'pyproject.toml': text})

  def run_night(self, *arguments: str) -> tuple[int, str]:
    """Returns what the command ends with and prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      code = nightly.main(['--locked', *arguments], self.root)
    return code, out.getvalue()

  def test_changes(self):
    first, _, last = self.commits
    before = {
        'date': '2026-11-01',
        'versions': {'tf-nightly': '2', 'tfmot_commit': first},
    }
    now = {'tf-nightly': '3', 'tfmot_commit': last}
    lines = nightly.changes(now, before, str(self.checkout))
    self.assertEqual(lines[0], 'tf-nightly: 2 -> 3')
    self.assertEqual(lines[1], f'tfmot_commit: {first} -> {last}')
    self.assertEqual(lines[2], f'TFMOT: {last[:7]} three')
    self.assertRegex(lines[3], '^TFMOT: [0-9a-f]+ two$')
    self.assertLen(lines, 4)
    same = nightly.changes(before['versions'], before, 'nightly')
    self.assertEqual(same, ['nothing has changed since 2026-11-01'])

  def test_bisect_commands(self):
    then = {'tf-nightly': '2', 'tf-model-optimization-nightly': '7'}
    night = {'versions': {**then, 'tf-nightly': '3'}}
    self.assertEqual(
        nightly.bisect_commands(night, {'versions': then}, ['//x:bad'], '7'),
        [
            'tools/nox -s bisect -- --target //x:bad --good'
            ' tfmot=7,tensorflow=2 --bad tfmot=7,tensorflow=3'
        ],
    )
    first, _, last = self.commits
    ends = [{'tf-nightly': '2', 'tfmot_commit': c} for c in (first, last)]
    found = nightly.bisect_commands(
        {'versions': ends[1]},
        {'versions': ends[0]},
        ['//x:bad'],
        str(self.checkout),
    )
    self.assertRegex(
        found[0],
        f'--checkout {self.checkout} --good tfmot={first},tensorflow=2 --bad'
        f' tfmot={last},tensorflow=2$',
    )
    keras = {**then, 'tf-keras-nightly': '1'}
    folder = {'tf-nightly': '3'}
    for changed in (keras, folder):
      self.assertEqual(
          nightly.bisect_commands(
              {'versions': changed}, {'versions': then}, ['//x:bad'], '7'
          ),
          [],
      )
    for before in (None, night):
      self.assertEqual(
          nightly.bisect_commands(night, before, ['//x:bad'], '7'), []
      )

  def test_bisect_of_what_is_ours(self):
    then = {'tf-nightly': '2', 'tf-model-optimization-nightly': '7'}
    then |= {'mirror': 'm', 'project': 'a'}

    def command(**changes):
      night = {'channel': 'nightly', 'versions': {**then, **changes}}
      before = {'versions': then}
      return nightly.bisect_commands(night, before, ['//x:bad'], '7')

    self.assertEqual(command(), [])
    self.assertEqual(
        command(project='b'),
        [
            'git bisect start b a && git bisect run bazel test --config=nightly'
            ' //x:bad'
        ],
    )
    (swapped,) = command(project='b', mirror='n')
    self.assertEndsWith(
        swapped,
        ' --good tfmot=7,tensorflow=2,mirror=a --bad'
        ' tfmot=7,tensorflow=2,mirror=b',
    )
    (swapped,) = command(**{'project': 'b', 'tf-nightly': '3'})
    self.assertNotIn('mirror', swapped)

  def test_versions_of_this_project(self):
    settings = {'tensorflow': '2.20.0', 'tfmot': '0.8.1'}
    found = nightly.versions_of(settings, self.root)
    self.assertEqual(found['mirror'], 'c' * 64)
    self.assertNotIn('project', found)
    git.configure(self.root)
    committed = []
    for name in ('docs/about.md', str(nights.HISTORY)):
      project_testing.put(self.root, {name: 'more\n'})
      git.run(self.root, 'add', name, what='adding')
      git.run(self.root, 'commit', '-q', '-m', name, what='committing')
      head = git.text(self.root, 'rev-parse', 'HEAD', what='asking')
      committed.append(head)
    found = nightly.versions_of(settings, self.root)
    self.assertEqual(found['project'], committed[0])

  def test_commit_that_is_gone(self):
    before = {'date': '', 'versions': {'tfmot_commit': 'a' * 40}}
    lines = nightly.changes(
        {'tfmot_commit': self.commits[-1]}, before, f'{self.checkout}@main'
    )
    self.assertRegex(lines[-1], 'does not have the commit a+: fetch it$')

  def test_commit_of_a_checkout(self):
    found = nightly.checkout_of(f'{self.checkout}@main~1')
    self.assertEqual(found, (self.checkout, self.commits[1]))
    self.assertIsNone(nightly.checkout_of('nightly'))
    self.assertIsNone(nightly.checkout_of(str(self.root)))
    with self.assertRaisesRegex(errors.InputError, 'no such commit'):
      nightly.checkout_of(f'{self.checkout}@nothing')

  def test_nights(self):
    targets = ['//x:good', '//x:bad']
    code, out = self.run_night(*targets)
    self.assertEqual(code, 0, out)
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8')
    self.assertIn('--config=nightly', asked)
    self.assertIn('there is no green night of this kind yet', out)
    fail = self.root / 'fail.txt'
    fail.write_text('KeyError: 3\n', encoding='utf-8')
    code, out = self.run_night(*targets)
    self.assertEqual(code, 1, out)
    self.assertIn('nothing has changed since', out)
    self.assertIn('FAILED: //x:bad: KeyError: 3\n', out)
    self.assertIn('1 of 2 tests passed, 0 failures explained: RED', out)
    self.explain(until='2999-01-01')
    code, out = self.run_night(*targets)
    self.assertEqual(code, 0, out)
    self.assertIn('explained: //x:bad: It has no 3. https://', out)
    noted = nights.read(self.root)
    self.assertEqual([n['green'] for n in noted], [True, False, True])
    self.assertContainsSubset(
        ['tf-nightly', 'tf-keras-nightly', 'tf-model-optimization-nightly'],
        noted[0]['versions'],
    )
    self.assertFalse((self.root / 'docs/nightly.partial').exists())

  @parameterized.parameters(
      ({'what': '*'}, 'explains any failure'),
      ({'until': ''}, 'no issue or no until'),
      ({'issue': ''}, 'no issue or no until'),
      ({'reason': ''}, "has no 'reason'"),
      ({'more': 'x'}, "has 'more'"),
  )
  def test_broken_explanation(self, changes, message):
    self.explain(**changes)
    with self.assertRaisesRegex(errors.InputError, message):
      nightly.explanations(self.root)

  def test_night_that_cannot_run_is_a_red_one(self):
    (self.root / 'bazel').write_text('#!/bin/sh\nexit 37\n', encoding='utf-8')
    code, out = self.run_night('//x:good')
    self.assertEqual(code, 1)
    self.assertIn('Bazel could not test //x:good (exit 37)', out)
    (night,) = nights.read(self.root)
    self.assertEqual((night['green'], night['tests']), (False, {}))

  def test_night_that_was_interrupted_is_none(self):
    (self.root / 'bazel').write_text('#!/bin/sh\nexit 8\n', encoding='utf-8')
    err = io.StringIO()
    with contextlib.redirect_stderr(err), self.assertRaises(SystemExit):
      self.run_night('//x:good')
    self.assertIn('//x:good was interrupted: run it again', err.getvalue())
    self.assertEmpty(nights.read(self.root))

  def test_tfmot_that_is_none_is_told_before_anything_is_locked(self):
    err = io.StringIO()
    with mock.patch.object(nightly.lock, 'main') as locked:
      for flags, message in (
          (['--tfmot=a.whl'], 'a.whl is no absolute path'),
          (['--channel=head'], 'TFMOT head is a checkout, and none is given'),
      ):
        with contextlib.redirect_stderr(err), self.assertRaises(SystemExit):
          nightly.main([*flags, '//x:good'], self.root)
        self.assertIn(message, err.getvalue())
    locked.assert_not_called()

  def test_smoke(self):
    self.run_night('--tier=smoke', '//x:good')
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').split()
    self.assertIn('--test_tag_filters=-cpu', asked)

  def test_dry_run_does_nothing(self):
    code, out = self.run_night('--dry-run', '//x:good')
    self.assertEqual(code, 0)
    self.assertIn('would run: bazel test --config=nightly //x:good', out)
    self.assertFalse((self.root / 'asked.txt').exists())
    self.assertFalse((self.root / nights.HISTORY).exists())

  def test_last_green_is_of_the_same_kind(self):
    self.run_night('//x:good')
    noted = nights.read(self.root)
    for kind, there in (
        (('nightly', 'cpu', ['//x:good']), True),
        (('head', 'cpu', ['//x:good']), False),
        (('nightly', 'smoke', ['//x:good']), False),
        (('nightly', 'cpu', ['//x:bad']), False),
    ):
      found = nightly.last_green(noted, *kind)
      self.assertEqual(found is not None, there, kind)
    red = {**noted[0], 'green': False}
    found = nightly.last_green([*noted, red], 'nightly', 'cpu', ['//x:good'])
    self.assertIs(found, noted[0])

  def test_history_that_is_broken(self):
    project_testing.put(self.root, {str(nights.HISTORY): '{"date": 1}\n'})
    with self.assertRaises(SystemExit) as ended:
      self.run_night('//x:good')
    self.assertEqual(ended.exception.code, 2)
    self.assertFalse((self.root / 'asked.txt').exists())


if __name__ == '__main__':
  absltest.main()
