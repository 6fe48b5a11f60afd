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

"""Tests of which exceptions count where releases are resolved."""

import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import exceptions
from tools.env import releases
from tools.release import eligible

_ACCEPTED = (
    exceptions.Entry('numpy~=1.23', ('0.8.0',), 'It works.', '@us'),
    exceptions.Entry('six<1', ('0.8.1',), 'It works.', '@us'),
)


class EligibleTest(parameterized.TestCase):

  @parameterized.parameters(
      ('abc', "'abc' is no version"),
      ('../0.8.1', 'is no version'),
      ('0.8', "'0.8' is not written as X.Y.Z"),
      ('v0.8.1', 'not written as X.Y.Z'),
      ('0.8.1rc1', 'is a pre-release'),
      ('0.9.0.dev20260101', 'is a pre-release'),
  )
  def test_what_is_no_release(self, text, message):
    with self.assertRaisesRegex(errors.InputError, message):
      eligible.well_formed(text)

  def test_exceptions_are_those_of_a_release(self):
    with mock.patch.object(
        eligible, 'resolve', return_value='0.8.1'
    ) as resolve:
      latest = eligible.latest_from('0.8.0', _ACCEPTED, pathlib.Path('lock'))
    self.assertEqual(latest, '0.8.1')
    self.assertEqual(
        [call.args[:2] for call in resolve.call_args_list],
        [
            (f'{releases.PACKAGE}==0.8.0', ['numpy~=1.23']),
            (f'{releases.PACKAGE}>=0.8.0', ['numpy~=1.23', 'six<1']),
            (f'{releases.PACKAGE}==0.8.1', ['six<1']),
        ],
    )


if __name__ == '__main__':
  absltest.main()
