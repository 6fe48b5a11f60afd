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

"""Tests what is found of a TFMOT that is only read, and what uses it."""

import ast
import pathlib
import tempfile

from absl.testing import absltest
from absl.testing import parameterized

from tools.env import releases

_TOP = releases.MODULE
_WHEEL = {
    '__init__.py': f'from {_TOP}.api import sparsity\n__version__ = "1"\n',
    'api/__init__.py': '',
    'api/sparsity/__init__.py': f'from {_TOP}.api.sparsity import keras\n',
    'api/sparsity/keras/__init__.py': (
        f'from {_TOP}.python.core.prune import Schedule\n'
        f'from {_TOP}.python.core.prune import prune\n'
        f'from {_TOP}.python.core.gone import lost\n'
        'from elsewhere import foreign\n'
    ),
    'python/__init__.py': '',
    'python/core/__init__.py': '',
    'python/core/prune.py': (
        'import tf_keras\n'
        'def prune(model, block=1): pass\n'
        'def anything(**kwargs): pass\n'
        'class Base:\n'
        '  def __init__(self, begin): pass\n'
        '  def step(self): pass\n'
        'class Schedule(Base):\n'
        '  LINEAR = 1\n'
        'class Layer(tf_keras.layers.Layer): pass\n'
        'value = prune(1)\n'
    ),
}


class ReleasesTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    with tempfile.TemporaryDirectory() as folder:
      for name, text in _WHEEL.items():
        path = pathlib.Path(folder) / _TOP / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
      cls.release = releases.Release(pathlib.Path(folder))

  @parameterized.parameters(
      ('sparsity', True),
      ('sparsity.keras.prune', True),
      ('sparsity.keras.prune(block)', True),
      ('sparsity.keras.prune(other)', False),
      ('sparsity.keras.nothing', False),
      ('sparsity.keras.lost', False),  # Its module is not in the wheel.
      ('sparsity.keras.foreign.more', True),  # Nobody knows.
      ('clustering', False),
      ('__version__', True),
      ('python.core.prune', True),
      ('python.core.prune.anything(what)', True),
      ('python.core.prune.value.made_when_it_runs', True),
      ('sparsity.keras.Schedule.LINEAR', True),
      ('sparsity.keras.Schedule.step', True),  # Of its base.
      ('sparsity.keras.Schedule(begin)', True),
      ('sparsity.keras.Schedule(end)', False),
      ('python.core.prune.Layer(name)', True),  # Of Keras.
  )
  def test_has(self, symbol, there):
    self.assertEqual(self.release.has(f'{_TOP}.{symbol}'), there)

  @parameterized.parameters(
      ('import TOP as t\nt.sparsity.keras.prune(1)', 'KEY'),
      ('import TOP\nTOP.sparsity.keras.prune', 'KEY'),
      ('from TOP import sparsity\nsparsity.keras.prune', 'KEY'),
      ('from TOP import sparsity as s\ns.keras.prune', 'KEY'),
      ('import TOP as t\nk = t.sparsity.keras\nj = k\nj.prune', 'KEY'),
      ('from TOP.sparsity.keras import prune', 'KEY'),
      ('import TOP as t\nt.sparsity.keras.prune(m, block=2)', 'KEY(block)'),
      ('import TOP.python.core', 'python.core'),
  )
  def test_uses(self, text, symbol):
    tree = ast.parse(text.replace('TOP', _TOP))
    used = [name for _, name in releases.used(tree)]
    symbol = symbol.replace('KEY', 'sparsity.keras.prune')
    self.assertIn(f'{_TOP}.{symbol}', used)

  @parameterized.parameters('import numpy\nnumpy.x', 'sparsity = 1\nsparsity.x')
  def test_no_uses(self, text):
    self.assertEmpty(list(releases.used(ast.parse(text))))

  def test_order(self):
    found = sorted(('0.10.0', '0.9.1', 'none'), key=releases.order)
    self.assertEqual(found, ['none', '0.9.1', '0.10.0'])


if __name__ == '__main__':
  absltest.main()
