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

"""Tests the judge of the check on real releases: it sees a single byte."""

import pathlib
import shutil
import zipfile

from absl.testing import absltest
from absl.testing import parameterized
from tools.mirror import fork
from tools.mirror import real_check
from tools.mirror import testing


class JudgeTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.patch(
        'core: end', 'official/core.py', 'line_19 = 19\n', 'end = 1\nend = 2\n'
    )
    self.wheel = self.scratch / 'models-1-py3-none-any.whl'
    with zipfile.ZipFile(self.wheel, 'w') as archive:
      for name, text in testing.FILES.items():
        archive.writestr(name, text)

    self.mirror = self.scratch / 'mirror'
    shutil.copytree(fork.mirror(fork.load(self.root)), self.mirror)
    for path in self.mirror.rglob('*.py'):
      path.chmod(0o644)

  def judge(self):
    return real_check.judge(self.official, self.mirror, self.wheel)

  def test_equal(self):
    self.assertEqual(self.judge(), 4)

  @parameterized.parameters(
      ('mirror/official/core.py', 'line_5 = 55', 'line_5 = 5'),
      ('mirror/orbit/loop.py', 'step_0', 'step_O'),
      ('fork/official/patches/0001-core-five.patch', '= 55', '= 56'),
  )
  def test_changed_file(self, name, old, new):
    self.edit(self.scratch, name, old, new)
    with self.assertRaisesRegex(ValueError, 'is not that of models-1'):
      self.judge()

  def test_missing_and_extra_file(self):
    path = self.mirror / 'official/vision/model.py'
    path.rename(path.with_name('moved.py'))
    with self.assertRaisesRegex(ValueError, 'vision/mo.*is not that of'):
      self.judge()

  def test_hunk_that_is_not_at_its_lines(self):
    name = 'patches/0001-core-five.patch'
    self.edit(self.official, name, '@@ -5,3', '@@ -6,3')
    with self.assertRaisesRegex(ValueError, 'line 6 is not'):
      self.judge()

  def test_wheel_that_is_not_there(self):
    with self.assertRaises(FileNotFoundError):
      real_check.judge(self.official, self.mirror, pathlib.Path('no.whl'))


if __name__ == '__main__':
  absltest.main()
