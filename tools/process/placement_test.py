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

"""Tests that each technique has a decision on where its example lives."""

import pathlib
import shutil

from absl.testing import absltest
import yaml

from tfmot_contrib import errors
from tools.process import placement

_ROOT = pathlib.Path(__file__).parents[2]


class PlacementTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    for path in [
        _ROOT / placement.PATH,
        *(_ROOT / 'tfmot_contrib').glob('*/technique.yaml'),
    ]:
      to = self.root / path.relative_to(_ROOT)
      to.parent.mkdir(parents=True, exist_ok=True)
      shutil.copyfile(path, to)
    self.path = self.root / placement.PATH

  def replace(self, old: str, new: str) -> None:
    text = self.path.read_text(encoding='utf-8')
    self.assertIn(old, text)
    self.path.write_text(text.replace(old, new, 1), encoding='utf-8')

  def test_this_project(self):
    self.assertEqual(placement.differences(_ROOT), [])
    self.assertGreaterEqual(len(placement.read(_ROOT)), 6)

  def test_another_place(self):
    self.replace('| `pruning` | fork |', '| `pruning` | official |')
    self.assertEqual(
        placement.differences(self.root),
        [
            'pruning: technique.yaml says fork, docs/placement.md official',
        ],
    )

  def test_technique_without_a_line(self):
    self.replace('| `pruning` |', '| `prunning` |')
    self.assertLen(placement.differences(self.root), 2)

  def test_malformed(self):
    self.replace('| `pruning` | fork |', '| `pruning` |')
    with self.assertRaisesRegex(errors.InputError, 'not the columns'):
      placement.read(self.root)

  def test_twice(self):
    self.replace('| `pruning` |', '| `clustering` |')
    with self.assertRaisesRegex(errors.InputError, 'clustering twice'):
      placement.read(self.root)

  def test_no_table(self):
    self.replace('decisions:begin', 'begin')
    with self.assertRaisesRegex(errors.InputError, 'no table of decisions'):
      placement.read(self.root)

  def test_open_decision(self):
    self.assertTrue(placement.Decision('fork', 'TODO', 'a', 'b').open)
    self.assertFalse(placement.Decision('fork', '1', 'a', 'b').open)

  def test_labels_of_the_issue_forms_exist(self):
    github = _ROOT / '.github'
    text = (github / 'labels.yml').read_text(encoding='utf-8')
    known = [label['name'] for label in yaml.safe_load(text)]
    self.assertLen(set(known), len(known))
    forms = sorted((github / 'ISSUE_TEMPLATE').glob('*.yml'))
    self.assertLen(forms, 3)
    for form in forms:
      read = yaml.safe_load(form.read_text(encoding='utf-8'))
      self.assertLessEqual(set(read.get('labels', [])), set(known), form.name)
      ids = [part.get('id') for part in read.get('body', []) if 'id' in part]
      self.assertLen(set(ids), len(ids), form.name)


if __name__ == '__main__':
  absltest.main()
