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

"""Tests the list of known failures and how it is compared."""

import dataclasses
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bazel import known_failures

_FILE = 'official/a_test.py'

_LIST = """
- what: "*no disk*"
  where:
    - "official/a_test.py::ATest.test_a"
    - "official/a_test.py::ATest.test_b"
    - "official/b_test.py::crash"
  reason: There is none.
  by: "@us"
- what: "*no net*"
  where: "official/a_test.py::ATest.test_c"
  reason: There is none.
  by: "@us"
"""


def _outcome(**changes) -> known_failures.Outcome:
  """Returns the outcome of a file whose one test passed."""
  outcome = known_failures.Outcome(
      file=_FILE,
      kind=None,
      ended='exit code 0',
      passed=frozenset(['ATest.test_a']),
      skipped=frozenset(),
      failed={},
      seconds=1.0,
      log='',
  )
  return dataclasses.replace(outcome, **changes)


class ReadTest(parameterized.TestCase):

  def _write(self, text: str) -> str:
    path = pathlib.Path(self.create_tempdir().full_path) / 'known.yaml'
    path.write_text(text, encoding='utf-8')
    return str(path)

  def test_reads_what_two_causes_say_of_a_file(self):
    known = known_failures.read(self._write(_LIST))
    self.assertEqual(
        known,
        {
            _FILE: known_failures.Known(
                tests={
                    'ATest.test_a': '*no disk*',
                    'ATest.test_b': '*no disk*',
                    'ATest.test_c': '*no net*',
                }
            ),
            'official/b_test.py': known_failures.Known(
                kind='crash', error='*no disk*'
            ),
        },
    )

  def test_reads_the_empty_list(self):
    self.assertEqual(known_failures.read(self._write('[]')), {})

  def test_refuses_a_missing_file(self):
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*nowhere'):
      known_failures.read('nowhere.yaml')

  @parameterized.parameters(
      ('[', 'is no YAML'),
      ('', 'must be a list'),
      (_LIST.replace('  reason: There is none.\n', ''), "has no 'reason'"),
      (_LIST.replace('crash', 'fails'), 'b_test.py::fails must be FILE'),
      (_LIST.replace('ATest.test_b', 'ATest.test_a'), 'test_a is listed twice'),
      (_LIST.replace('test_c', 'test_a'), 'a_test.py::.* is listed twice'),
      (_LIST.replace('ATest.test_c', 'import'), 'import is listed twice'),
  )
  def test_refuses(self, text, message):
    with self.assertRaisesRegex(errors.InputError, message):
      known_failures.read(self._write(text))


class JudgeTest(parameterized.TestCase):

  @parameterized.parameters(
      ({}, known_failures.Known()),
      (
          {'failed': {'ATest.test_b': 'OSError: no disk'}},
          known_failures.Known(tests={'ATest.test_b': '*no disk*'}),
      ),
      (
          {'kind': 'crash', 'log': 'a\nno disk\n'},
          known_failures.Known(kind='crash', error='*no disk*'),
      ),
      (
          {'kind': 'no_test'},
          known_failures.Known(kind='no_test', error='*runs no test*'),
      ),
  )
  def test_as_listed(self, changes, known):
    self.assertEmpty(
        known_failures.judge(_outcome(**changes), known, 'known.yaml')
    )

  @parameterized.parameters(
      (
          {'failed': {'ATest.test_b': 'OSError: no\n disk'}},
          known_failures.Known(),
          'ATest.test_b fails: OSError: no disk: mend it, or list it in',
      ),
      (
          {'failed': {'ATest.test_b': 'OSError: no net'}},
          known_failures.Known(tests={'ATest.test_b': '*no disk*'}),
          'ATest.test_b fails for another reason than',
      ),
      (
          {},
          known_failures.Known(tests={'ATest.test_a': '*no disk*'}),
          'ATest.test_a passes, so it is mended: delete its entry from',
      ),
      (
          {'skipped': frozenset(['ATest.test_b'])},
          known_failures.Known(tests={'ATest.test_b': '*no disk*'}),
          'ATest.test_b is skipped, so it cannot fail: delete its entry',
      ),
      (
          {},
          known_failures.Known(tests={'ATest.test_b': '*no disk*'}),
          'ATest.test_b does not exist: delete its entry',
      ),
      (
          {},
          known_failures.Known(kind='crash', error='*no disk*'),
          'runs, but is listed as crash: delete its entry',
      ),
      (
          {'kind': 'import'},
          known_failures.Known(),
          (
              'stops before its first test .exit code 0.: mend it, or list it'
              ' in known.yaml as import'
          ),
      ),
      (
          {'kind': 'import', 'log': 'no disk'},
          known_failures.Known(kind='crash', error='*no disk*'),
          'stops before its first test .*list it in known.yaml as import',
      ),
      (
          {'kind': 'crash', 'log': 'no net'},
          known_failures.Known(kind='crash', error='*no disk*'),
          'dies .* for another reason than known.yaml says',
      ),
      (
          {'kind': 'crash', 'failed': {'ATest.test_b': 'no disk'}},
          known_failures.Known(tests={'ATest.test_b': '*no disk*'}),
          'dies .*list it in known.yaml as crash',
      ),
  )
  def test_not_as_listed(self, changes, known, message):
    (line,) = known_failures.judge(_outcome(**changes), known, 'known.yaml')
    self.assertStartsWith(line, _FILE)
    self.assertRegex(line, message)

  def test_listed_files_that_are_no_test_files(self):
    lines = known_failures.strangers(['a', 'b', 'c'], ['c', 'a'], 'known.yaml')
    self.assertLen(lines, 1)
    self.assertStartsWith(lines[0], 'b is in no target')


if __name__ == '__main__':
  absltest.main()
