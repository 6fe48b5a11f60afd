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

"""Tests what is read of imports."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.base import imports

_FILES = {
    'one/__init__.py': '',
    'one/a.py': 'import os\nfrom one import b\nfrom two.c import name\n',
    'one/b.py': 'def f():\n  import one.late\n',
    'one/late.py': '',
    'one/aside.py': '',
    'two/c.py': 'import three.d\n',
    'three/d.py': '',
}


class ImportsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    for name, text in _FILES.items():
      (self.root / name).parent.mkdir(exist_ok=True)
      (self.root / name).write_text(text)

  def test_imported(self):
    tree = imports.parse(self.root / 'one/a.py')
    self.assertEqual(
        [*imports.imported(tree)],
        [
            ('os', 1),
            ('one', 2),
            ('one.b', 2),
            ('two.c', 3),
            ('two.c.name', 3),
        ],
    )

  def test_closure(self):
    found = imports.closure(self.root, ['one.a'], ('one', 'two'))
    self.assertEqual(
        [*found],
        ['one/__init__.py', 'one/a.py', 'one/b.py', 'one/late.py', 'two/c.py'],
    )

  def test_broken(self):
    path = self.root / 'one/late.py'
    path.write_text('def')
    with self.assertRaisesRegex(errors.InputError, 'late.py is no Python'):
      imports.closure(self.root, ['one.a'], ('one',))
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*none.py'):
      imports.parse(self.root / 'none.py')


if __name__ == '__main__':
  absltest.main()
