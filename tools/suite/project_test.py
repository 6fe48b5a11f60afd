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

"""Tests what is found of techniques and convergence tests."""

import pathlib

from absl.testing import absltest

from tools.suite import project
from tools.suite import records_testing

_BUILD = """\
[convergence_test(name = "net_" + row, module = "m") for row in ["a", "b"]]
control(name = "longer", module = "c")
"""


class ProjectTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    claims = {'net_b': [records_testing.claim('steps')]}
    for folder in ('pruning', 'combine', 'clustering', 'baselines'):
      path = self.root / 'tfmot_contrib' / folder
      records_testing.declare(path, claims)
      (path / 'BUILD').write_text(_BUILD, encoding='utf-8')

  def test_folders_in_the_order_of_tables(self):
    self.assertEqual(
        project.folders(self.root),
        ['baselines', 'clustering', 'pruning', 'combine'],
    )

  def test_rows_are_what_is_claimed(self):
    self.assertEqual(project.rows(self.root, 'pruning'), ['net_b'])

  def test_declared(self):
    tests = project.declared(self.root, 'pruning')
    self.assertEqual(list(tests), ['net_a', 'net_b'])
    self.assertEqual(tests['net_a']['module'], 'm')
    self.assertIn('longer', project.declared(self.root, 'pruning', ['control']))


if __name__ == '__main__':
  absltest.main()
