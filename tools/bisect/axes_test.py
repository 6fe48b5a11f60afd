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

"""Tests how the guilty axis is found."""

from absl.testing import absltest

from tools.bisect import axes

_GOOD = {'tfmot': '1', 'tensorflow': '1', 'mirror': '1'}
_BAD = {'tfmot': '2', 'tensorflow': '2', 'mirror': '2'}


class FindTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.asked = []

  def find(self, is_bad, good=_GOOD, bad=_BAD):
    """Finds the axis where `is_bad` decides."""

    def kind(combination):
      self.asked.append(combination)
      return is_bad(**{k: v == '2' for k, v in combination.items()})

    names = {True: 'bad', False: 'good', None: 'other'}
    return axes.find(good, bad, lambda c: names[kind(c)])

  def test_one_needs_no_swap(self):
    bad = {**_GOOD, 'mirror': '2'}
    found = self.find(lambda **_: True, bad=bad)
    self.assertEqual(found[:3], ('mirror', _GOOD, bad))
    self.assertEmpty(self.asked)

  def test_alone(self):
    found = self.find(lambda tensorflow, **_: tensorflow)
    self.assertEqual(
        found[:3], ('tensorflow', _GOOD, {**_GOOD, 'tensorflow': '2'})
    )
    self.assertLen(self.asked, 3)

  def test_only_with_another(self):
    found = self.find(lambda tfmot, tensorflow, **_: tfmot and tensorflow)
    self.assertEqual(found[:3], ('tfmot', {**_BAD, 'tfmot': '1'}, _BAD))
    self.assertIn('only with the tensorflow and mirror', found.why)

  def test_each(self):
    found = self.find(lambda tfmot, mirror, **_: tfmot or mirror)
    self.assertEqual(
        found, 'tfmot and mirror each make it bad: bisect one after the other'
    )

  def test_none(self):
    found = self.find(lambda **_: None)
    self.assertStartsWith(found, 'no axis alone')


if __name__ == '__main__':
  absltest.main()
