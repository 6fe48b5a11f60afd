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

"""Tests that CODEOWNERS says who owns what."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.contributing import codeowners

_ROOT = pathlib.Path(__file__).parents[2]
_YAML = """\
name: {name}
summary: Something that it does.
owners: [{owners}]
guide: https://example.org
api: []
floor: 0.8.0
claims:
  resnet_cifar10_half:
    - id: one
      kind: structure
      metric: a.b
      as: value
      at_most: 1
      source: some
      reason: because of it
"""


class CodeownersTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def technique(self, name: str, owners: str) -> None:
    folder = self.root / 'tfmot_contrib' / name
    folder.mkdir(parents=True)
    text = _YAML.format(name=name, owners=owners)
    (folder / 'technique.yaml').write_text(text, encoding='utf-8')
    (folder / 'evidence').mkdir()
    (folder / 'evidence/resnet_cifar10_half.json').touch()

  def test_this_project(self):
    codeowners.main(['--check'], _ROOT)
    text = codeowners.text(_ROOT)
    self.assertIn('\n/tfmot_contrib/pruning/ @', text)

  def test_each_technique_has_a_line_after_that_of_all(self):
    self.technique('baselines', '"@team/all"')
    self.technique('sharing', '"@jane", "@team/sharing"')
    lines = codeowners.text(self.root).splitlines()[1:]
    self.assertEqual(lines[0], '* @team/all')
    self.assertEqual(lines[-1], '/tfmot_contrib/sharing/ @jane @team/sharing')

  def test_untried_technique_belongs_to_all(self):
    self.technique('baselines', '"@team/all"')
    before = codeowners.text(self.root)
    self.technique('sharing', '"@jane"')
    self.assertNotEqual(codeowners.text(self.root), before)
    for path in self.root.glob('tfmot_contrib/*/evidence/*'):
      path.unlink()
    self.assertEqual(codeowners.text(self.root), before)

  def test_check_then_write(self):
    self.technique('baselines', '"@team/all"')
    with self.assertRaises(SystemExit):
      codeowners.main(['--check'], self.root)
    self.assertFalse((self.root / codeowners.PATH).exists())
    codeowners.main([], self.root)
    codeowners.main(['--check'], self.root)
    self.technique('sharing', '"@jane"')
    with self.assertRaises(SystemExit):
      codeowners.main(['--check'], self.root)

  def test_owner_that_is_no_account(self):
    self.technique('baselines', '"jane"')
    with self.assertRaisesRegex(errors.InputError, "owner 'jane' is no @user"):
      codeowners.text(self.root)

  def test_no_owner_of_all(self):
    self.technique('sharing', '"@jane"')
    with self.assertRaisesRegex(errors.InputError, 'baselines.* not there'):
      codeowners.text(self.root)


if __name__ == '__main__':
  absltest.main()
