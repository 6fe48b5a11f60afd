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

"""Tests that the list has the techniques that there are, and no other."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import techniques


class TechniquesTest(absltest.TestCase):

  def test_every_folder_is_listed(self):
    contrib = pathlib.Path(techniques.__file__).parent
    folders = {path.parent.name for path in contrib.glob('*/technique.yaml')}
    names = techniques.names()
    self.assertEqual({'baselines', *names}, folders)
    self.assertEqual(names, sorted(set(names)))

  def test_no_list(self):
    for text in ('FOLDERS = []', 'TECHNIQUES = FOLDERS', 'a b'):
      with self.assertRaises(ValueError):
        techniques.parse(text)


if __name__ == '__main__':
  absltest.main()
