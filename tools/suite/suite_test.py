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

"""Tests of running a suite, on events that Bazel wrote."""

import json
import pathlib
import sys
import zipfile

from absl.testing import absltest

from tfmot_contrib import errors
from tools.suite import draw
from tools.suite import suite

# Of `bazel test //... --keep_going --test_timeout=5` on shell tests of which
# one is good, one is bad, one hangs and one cannot be built; trimmed.
_EVENTS = pathlib.Path(__file__).parent / 'testdata/events.jsonl'
_CLAIM = {
    'claim': 'zipped_size',
    'measured': 0.31,
    'bound': '<= 0.3',
    'verdict': 'FAIL',
    'good': False,
}
# Puts the events where it is told, says its last word and ends so.
_BAZEL = """\
#!{python}
import pathlib, sys
pathlib.Path('asked.txt').write_text('\\n'.join(sys.argv[1:]))
if {events!r}:
  file = [x for x in sys.argv if x.startswith('--build_event_json_file=')][0]
  text = pathlib.Path({events!r}).read_text()
  pathlib.Path(file.partition('=')[2]).write_text(text)
sys.exit(print('ERROR: no such thing', file=sys.stderr) or {code})
"""


class SuiteTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.events = self.root / 'events.jsonl'
    text = _EVENTS.read_text(encoding='utf-8')
    self.events.write_text(text.replace('FOLDER', str(self.root)), 'utf-8')
    self.leave('good', [{**_CLAIM, 'verdict': 'pass', 'good': True}])
    self.leave('bad', [_CLAIM, {**_CLAIM, 'claim': 'zeros', 'good': True}])
    self.leave('sharded/shard_1_of_2', [])
    self.leave('sharded/shard_2_of_2', [])
    self.log('slow', 'one\ntwo\nthree\n\nfour\n')
    self.log('sharded/shard_1_of_2', 'first shard\n')
    self.log('sharded/shard_2_of_2', 'second shard\n')
    stderr = self.root / '_tmp/actions/stderr-15'
    stderr.parent.mkdir(parents=True)
    note = 'Note: The failure of target //:x is that of Python 2.\n'
    text = f'the compiler\nsays no\n-----\n{note}\nIf this\n-----\n'
    stderr.write_text(text, encoding='utf-8')

  def log(self, test: str, text: str) -> None:
    folder = self.root / 'testlogs' / test
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'test.log').write_text(text, encoding='utf-8')

  def leave(self, test: str, claims: object) -> pathlib.Path:
    path = self.root / f'testlogs/{test}/test.outputs/outputs.zip'
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
      archive.writestr('verdict.json', json.dumps(claims))
      archive.writestr('float.tflite', b'\0')
    return path

  def bazel(self, code: int, events: bool = True) -> draw.Bazel:
    program = self.root / 'bazel'
    where = str(self.events) if events else ''
    text = _BAZEL.format(python=sys.executable, events=where, code=code)
    program.write_text(text, encoding='utf-8')
    program.chmod(0o755)
    return draw.Bazel(str(program), self.root)

  def test_status_of_each_test(self):
    outcome = suite.read(self.events)
    self.assertEqual(
        {label: test.status for label, test in outcome.tests.items()},
        {
            '//:bad': 'FAILED',
            '//:flaky': 'FLAKY',
            '//:good': 'PASSED',
            '//:sharded': 'TIMEOUT',
            '//:slow': 'TIMEOUT',
            '//:unanalysed': 'NOT BUILT',
            '//:unbuilt': 'NOT BUILT',
        },
    )
    self.assertFalse(outcome.good)
    self.assertLen(outcome.bad, 6)
    self.assertAlmostEqual(outcome.tests['//:slow'].seconds, 5.745)

  def test_claims(self):
    tests = suite.read(self.events).tests
    self.assertLen(tests['//:bad'].claims, 2)
    self.assertEqual(tests['//:slow'].claims, ())
    self.assertEqual(suite.read(self.events).words, {'FAIL': 2, 'pass': 1})

  def test_why(self):
    tests = suite.read(self.events).tests
    self.assertEqual(
        tests['//:bad'].why, 'zipped_size is 0.31, bound <= 0.3: FAIL'
    )
    self.assertEqual(tests['//:good'].why, '')
    self.assertEqual(tests['//:slow'].why, 'two | three | four')
    self.assertEqual(tests['//:sharded'].why, 'first shard | second shard')
    self.assertEqual(tests['//:unbuilt'].why, '//:no: the compiler | says no')
    self.assertStartsWith(
        tests['//:unanalysed'].why, "//nothing:there: no such package 'nothing'"
    )

  def test_good_needs_tests_and_no_broken_pattern(self):
    good = {'//:a': suite.Test('//:a', suite.PASSED)}
    self.assertTrue(suite.Outcome(good, {}, 1.0).good)
    self.assertFalse(suite.Outcome({}, {}, 1.0).good)
    self.assertFalse(suite.Outcome(good, {'//:b': 'no such'}, 1.0).good)

  def test_verdict_that_is_no_archive(self):
    path = self.leave('good', [])
    path.write_bytes(b'nothing')
    with self.assertRaisesRegex(
        errors.InputError, '//:good left is broken.*zip file'
    ):
      suite.read(self.events)

  def test_events_that_end_early(self):
    lines = self.events.read_text(encoding='utf-8').splitlines()
    self.events.write_text('\n'.join(lines[:-1]), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'ends early'):
      suite.read(self.events)

  def test_no_events(self):
    for text in ('{"id": {', '[]', '{}', '3'):
      self.events.write_text(text, encoding='utf-8')
      with self.assertRaisesRegex(errors.InputError, 'has no build events'):
        suite.read(self.events)

  def test_run(self):
    options = suite.setting_options({'tfmot': '0.8.0', 'tensorflow': '2.20.0'})
    outcome = suite.run(self.bazel(3), ['//...', '-//:lib'], options)
    self.assertLen(outcome.tests, 7)
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').splitlines()
    self.assertEqual(asked[0], 'test')
    self.assertIn('--keep_going', asked)
    self.assertEqual(
        asked[-5:],
        [
            '--repo_env=TENSORFLOW=2.20.0',
            '--repo_env=TFMOT=0.8.0',
            '--',
            '//...',
            '-//:lib',
        ],
    )

  def test_bazel_that_could_not(self):
    with self.assertRaisesRegex(errors.InputError, 'exit 2.*no such thing'):
      suite.run(self.bazel(2), ['//...'], capture=True)
    with self.assertRaisesRegex(errors.InputError, 'no tests to run'):
      suite.run(self.bazel(4), ['//...'], capture=True)
    with self.assertRaisesRegex(errors.InputError, 'could not test //'):
      suite.run(self.bazel(1, events=False), ['//...'], capture=True)

  def test_only_broken_patterns(self):
    events = [
        {
            'id': {'pattern': {'pattern': ['//:nothing']}},
            'aborted': {'description': 'no such target'},
        },
        {'id': {'buildFinished': {}}, 'finished': {}},
    ]
    lines = '\n'.join(json.dumps(event) for event in events)
    self.events.write_text(lines, encoding='utf-8')
    with self.assertRaisesRegex(
        errors.InputError, 'no test could run: //:nothing: no such target'
    ):
      suite.run(self.bazel(1), ['//:nothing'], capture=True)


if __name__ == '__main__':
  absltest.main()
