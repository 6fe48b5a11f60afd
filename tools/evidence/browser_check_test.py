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

"""Tests of what is wrong with a page, without a browser."""

import os
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from tfmot_contrib import errors
from tools.evidence import browser_check

_IMAGE = {'what': 'zeros', 'width': 300, 'at': [10, 20, 110, 70]}
_SEEN = {
    'images': [_IMAGE, {**_IMAGE, 'at': [10, 20, 109, 70]}],
    'window': 420,
    'page': 420,
    'all': 2,
    'rows': 3,
}


class WrongTest(parameterized.TestCase):

  def test_nothing(self):
    self.assertEmpty(browser_check.wrong(_SEEN, []))

  @parameterized.parameters(
      ({'rows': 0}, '0 rows'),
      ({'images': [_IMAGE]}, '1 of 2 images are shown'),
      ({'page': 421}, '421 pixels wide in a window of 420'),
      ({'images': [_IMAGE, {**_IMAGE, 'width': 0}]}, 'zeros is not shown'),
      ({'images': [_IMAGE, {**_IMAGE, 'at': [9, 9, 9, 9]}]}, 'is not shown'),
  )
  def test_is_told(self, changes, words):
    (found,) = browser_check.wrong({**_SEEN, **changes}, [])
    self.assertIn(words, found)

  def test_complaint_is_told(self):
    (found,) = browser_check.wrong(_SEEN, ['x is not defined'])
    self.assertIn('x is not defined', found)


class BlankTest(absltest.TestCase):

  def test_ink_is_looked_for_where_the_image_is(self):
    picture = np.ones([100, 200, 4], np.float32)
    self.assertEqual(browser_check.blank(picture, _SEEN), ['zeros'] * 2)
    picture[80:, :, :3] = 0
    self.assertEqual(browser_check.blank(picture, _SEEN), ['zeros'] * 2)
    picture[30:40, 20:60, 1] = 0
    self.assertEmpty(browser_check.blank(picture, _SEEN))

  def test_image_below_the_picture_is_not_judged(self):
    self.assertEmpty(browser_check.blank(np.ones([20, 200, 3]), _SEEN))


class ScratchTest(parameterized.TestCase):

  @parameterized.parameters('snap', 'chrome')
  def test_is_where_chromium_sees_it(self, name):
    home = pathlib.Path(self.create_tempdir().full_path)
    binaries = home / 'bin'
    binaries.mkdir()
    (binaries / name).touch(0o755)
    (binaries / 'chromium').symlink_to(name)
    environ = {'PATH': str(binaries), 'HOME': str(home)}
    with absltest.mock.patch.dict(os.environ, environ):
      with browser_check.scratch() as folder:
        seen = pathlib.Path(folder).is_relative_to(home / 'snap/chromium')
        self.assertEqual(seen, name == 'snap')
      if name == 'snap':
        os.environ.pop('HOME')
        with self.assertRaisesRegex(errors.InputError, 'needs HOME'):
          browser_check.scratch()


if __name__ == '__main__':
  absltest.main()
