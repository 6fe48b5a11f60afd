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

"""Tests what of TFMOT is in use in a small project."""

import pathlib
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import releases
from tools.evidence import project_testing
from tools.release import symbols

_TOP = releases.MODULE


class ProjectTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    project_testing.project(self.root)
    self.official = self.root / 'official_models'
    text = f'import {_TOP} as tfmot\ntfmot.sparsity.keras.old()\n'
    project_testing.put(self.official, {'core.py': text})
    self.enterContext(
        mock.patch.object(
            symbols.fork, 'packages', return_value={'official': self.official}
        )
    )

  def test_in_use(self):
    self.assertEqual(
        sorted(map(str, symbols.in_use(self.root))),
        [
            f'{_TOP}.sparsity.keras.new, used in tfmot_contrib/net/uses.py:2',
            f'{_TOP}.sparsity.keras.old, used in official/core.py:2',
        ],
    )

  def test_what_technique_yaml_names_is_in_use(self):
    path = self.root / 'tfmot_contrib/net/technique.yaml'
    text = path.read_text(encoding='utf-8')
    self.assertIn('api: []', text)
    path.write_text(text.replace('api: []', 'api: [tfmot.more]'), 'utf-8')
    uses = {use.symbol: use.path for use in symbols.in_use(self.root)}
    self.assertEqual(uses[f'{_TOP}.more'], 'tfmot_contrib/net/technique.yaml')

  def test_nothing_in_use(self):
    for path in [*self.root.rglob('uses.py'), self.official / 'core.py']:
      path.write_text('', encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'is this the project'):
      symbols.in_use(self.root)


if __name__ == '__main__':
  absltest.main()
