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

"""Tests of explanations of failures."""

import datetime
import json
import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.release import explained
from tools.release import suite

_TIME = '2999-01-01T00:00:00'
_TODAY = datetime.date(2026, 11, 28)
_BAD = suite.Test('//x:bad', 'FAILED', 1.0, False, log='one\nKeyError: 3\n')
_ENTRY = {
    'test': '//x:bad',
    'pattern': 'KeyError',
    'reason': 'It has no 3.',
    'url': 'https://github.com/x/y/issues/1',
    'until': _TODAY,
}


def _explanation(**changes: object) -> explained.Explanation:
  return explained.Explanation(**{**_ENTRY, **changes})


class ExplainedTest(absltest.TestCase):

  def read(self, text: str) -> list[explained.Explanation]:
    path = pathlib.Path(self.create_tempfile(content=text).full_path)
    return explained.read(path)

  def test_matches(self):
    for changes, good in (
        ({}, True),
        ({'test': '//x:*'}, True),
        ({'test': '//y:*'}, False),
        ({'pattern': 'ValueError'}, False),
        ({'until': _TODAY - datetime.timedelta(days=1)}, False),
    ):
      one = _explanation(**changes)
      found = explained.of_test([one], _BAD, _TODAY)
      self.assertEqual(found, one if good else None, changes)

  def test_reads(self):
    text = json.dumps([{**_ENTRY, 'until': 'DAY'}])
    text = text.replace('"DAY"', _TODAY.isoformat())
    self.assertEqual(self.read(text), [_explanation()])
    self.assertEqual(self.read('[]'), [])
    self.assertEqual(explained.read(pathlib.Path('/nowhere.yaml')), [])

  def test_bad_files(self):
    good = {**_ENTRY, 'until': _TODAY.isoformat()}
    for changes, message in (
        ({'until': 'soon'}, 'until is no day'),
        ({'reason': ' '}, 'reason is empty'),
        ({'url': 'issue 3'}, 'url is no link'),
        ({'pattern': '('}, 'pattern: '),
        ({'pattern': '.*'}, 'explains any failure'),
        ({'owner': 'me'}, 'entry 1 needs just'),
    ):
      text = json.dumps([{**good, **changes}])
      text = text.replace(f'"{_TODAY.isoformat()}"', _TODAY.isoformat())
      with self.assertRaisesRegex(errors.InputError, message):
        self.read(text)
    time = json.dumps([{**good, 'until': 'T'}]).replace('"T"', _TIME)
    for text, message in (
        ('a: [', 'no YAML'),
        ('a: 1', 'no list'),
        (time, 'until is no day: 2999-01-01 00'),
    ):
      with self.assertRaisesRegex(errors.InputError, message):
        self.read(text)


if __name__ == '__main__':
  absltest.main()
