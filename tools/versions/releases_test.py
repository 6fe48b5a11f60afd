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

"""Tests which names of TFMOT a module uses, and which a release has."""

import ast
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tools.versions import releases

_PACKAGE = {
    '__init__.py': (
        'from tensorflow_model_optimization import api as sparsity\n'
    ),
    'api/__init__.py': (
        'from tensorflow_model_optimization.python.prune import prune\n'
    ),
    'python/__init__.py': '',
    'python/prune.py': 'class prune(other.Base):\n  pass\n',
}
_USES = """\
import tensorflow_model_optimization as tfmot
from tensorflow_model_optimization.python import prune

X = tfmot.sparsity.prune(prune.Y, other.z)
"""


class ReleasesTest(parameterized.TestCase):

  @parameterized.parameters(
      ('sparsity.prune', True),
      ('sparsity.prune.from_another_package', True),
      ('sparsity', True),
      ('sparsity.gone', False),
      ('gone.prune', False),
  )
  def test_has(self, name, there):
    folder = pathlib.Path(self.create_tempdir().full_path)
    for path, text in _PACKAGE.items():
      place = folder / releases.MODULE / path
      place.parent.mkdir(parents=True, exist_ok=True)
      place.write_text(text)
    release = releases.Release(folder)
    self.assertEqual(release.has(f'{releases.MODULE}.{name}'), there)

  def test_used(self):
    names = {
        (line, name.removeprefix(f'{releases.MODULE}.'))
        for line, name in releases.used(ast.parse(_USES))
    }
    self.assertEqual(
        names,
        {
            (2, 'python.prune'),
            (4, 'sparsity'),
            (4, 'sparsity.prune'),
            (4, 'python.prune.Y'),
        },
    )

  def test_order(self):
    floors = sorted(['0.10.0', '0.9.1', 'None'], key=releases.order)
    self.assertEqual(floors, ['None', '0.9.1', '0.10.0'])


if __name__ == '__main__':
  absltest.main()
