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

"""Tests which exceptions are accepted and which are refused."""

import datetime

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import exceptions

_DAY = datetime.date(2027, 6, 30)
_ENTRY = {'what': 'slow', 'where': 'a/*.py', 'reason': 'Why.', 'by': '@me'}


class ExceptionsTest(parameterized.TestCase):

  def parse(self, **fields):
    """Returns the exception that differs from the usual one in some fields."""
    entry = {k: v for k, v in (_ENTRY | fields).items() if v is not None}
    (parsed,) = exceptions.parse([entry], 'list.yaml', _DAY)
    return parsed

  @parameterized.parameters(
      ('slow', 'a/b.py', True),
      ('slow', 'b/a/b.py', False),
      ('slower', 'a/b.py', False),
  )
  def test_covers(self, what, where, covered):
    entry = self.parse()
    self.assertEqual(entry.covers(what, where), covered)
    found = exceptions.covering([entry], what, where)
    self.assertEqual(found, entry if covered else None)

  def test_wildcards_and_lists(self):
    entry = self.parse(what='*', where=['x', 'y/*'])
    self.assertTrue(entry.covers('anything', 'y/z'))
    self.assertFalse(entry.covers('anything', 'xy'))

  @parameterized.parameters('2027-06-30', datetime.date(2027, 7, 1))
  def test_accepted_until(self, until):
    self.assertGreaterEqual(self.parse(until=until).until, _DAY)

  @parameterized.parameters(
      ({'reason': None}, "slow a/.*py has no 'reason'"),
      ({'by': ''}, "has no 'by'"),
      ({'what': None}, "has no 'what'"),
      ({'where': []}, "has no 'where'"),
      ({'why': 'x'}, "has 'why': leave it out"),
      ({'until': '2027-06-29'}, 'until 2027-06-29: mend .* let @me decide'),
      ({'until': 'June'}, 'must be a day such as 2027-06-30, not June'),
  )
  def test_refused(self, fields, message):
    with self.assertRaisesRegex(errors.InputError, f'list.yaml: .*{message}'):
      self.parse(**fields)

  @parameterized.parameters(({},), ('x',), (['x'],))
  def test_no_list_of_exceptions(self, entries):
    with self.assertRaisesRegex(errors.InputError, 'list.yaml'):
      exceptions.parse(entries, 'list.yaml')

  def test_unused(self):
    entry = self.parse(where=['a.py', 'b.py'])
    both = [('slow', 'a.py'), ('slow', 'b.py')]
    exceptions.refuse_unused([entry], both, 'list.yaml')
    for faults, left in ((both[:1], 'b.py'), ([('x', 'a.py')], 'a.py')):
      with self.assertRaisesRegex(errors.InputError, f'slow in {left}: take'):
        exceptions.refuse_unused([entry], faults, 'list.yaml')


if __name__ == '__main__':
  absltest.main()
