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

"""Tests the table of symbols and what is derived from it."""

import pathlib
import textwrap

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.floor import derive
from tools.floor import symbols

_TOP = symbols.TOP
_CORE = f'{_TOP}.python.core'
_RELEASE = {
    '__init__.py': f'from {_CORE}.api import sparsity\n__version__ = "1"\n',
    'python/__init__.py': '',
    'python/core/__init__.py': '',
    'python/core/api/__init__.py': f'from {_CORE}.api import sparsity\n',
    'python/core/api/sparsity/__init__.py': (
        f'from {_CORE}.api.sparsity import keras\n'
    ),
    'python/core/api/sparsity/keras/__init__.py': (
        f'from {_CORE}.prune import prune\n'
        f'from {_CORE}.prune import Wrapper as Pruned\n'
        'try:\n  import numpy\nexcept ImportError:\n  late = 1\n'
    ),
    'python/core/prune.py': textwrap.dedent("""
        import tensorflow as tf
        from TOP.python.core import base as b

        class Wrapper(b.Base):
          kind = 1
          def call(self, x): pass
          def _own(self): pass

        class Layer(tf.keras.Layer):
          pass

        def prune(model, schedule=None, *, block=1): pass

        def anything(**kwargs): pass
        """).replace('TOP', _TOP),
    'python/core/base.py': (
        'class Base:\n  def __init__(self, size): pass\n  def build(self):'
        ' pass\n'
    ),
    'python/core/prune_test.py': 'class NotThere: pass\n',
}


def _files(**changes):
  wanted = {**_RELEASE, **changes}
  return {f'{_TOP}/{n}': t for n, t in wanted.items() if t is not None}


def _table(*releases):
  order = [f'0.{number}.0' for number in range(len(releases))]
  known = ({}, {})
  for version, files in zip(order, releases, strict=True):
    for names, target in zip(symbols.of_files(files), known, strict=True):
      for name in names:
        target.setdefault(name, []).append(version)
  return symbols.Table(dict.fromkeys(order, 'a' * 64), *known)


class SymbolsTest(parameterized.TestCase):

  @parameterized.parameters(
      'sparsity',
      'sparsity.keras.prune',
      'sparsity.keras.prune(schedule)',
      'sparsity.keras.prune(block)',
      'sparsity.keras.Pruned.call',
      'sparsity.keras.Pruned.kind',
      'sparsity.keras.Pruned.build',
      'sparsity.keras.Pruned(size)',
      'sparsity.keras.late',
      'python.core.prune.Wrapper',
      'python.core.prune.anything(whatever)',
      'python.core.prune.Layer(whatever)',
      'python.core.base',
      '__version__',
      'sparsity.keras.Pruned.made_when_it_runs',
  )
  def test_there(self, symbol):
    self.assertEqual(_table(_files()).has(symbol), ['0.0.0'])

  @parameterized.parameters(
      'sparsity.keras.prune(other)',
      'sparsity.keras.Pruned(other)',
      'sparsity.keras.Wrapper',
      'sparsity.core',
      'python.core.prune_test',
      'python.core.prune_test.NotThere',
      'nothing',
  )
  def test_not_there(self, symbol):
    self.assertEmpty(_table(_files()).has(symbol))

  def test_written_and_read(self):
    without = _files(**{'python/core/prune.py': 'def prune(model): pass\n'})
    table = _table(_files(), without, _files())
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / symbols.TABLE).parent.mkdir(parents=True)
    (root / symbols.TABLE).write_text(symbols.to_text(table))
    self.assertEqual(symbols.load(root), table)
    gap = ['0.0.0', '0.2.0']
    self.assertEqual(table.has('sparsity.keras.prune(block)'), gap)


class DeriveTest(parameterized.TestCase):

  @parameterized.parameters(
      ('import TOP as t\nt.sparsity.keras.prune(m, block=2)', 'KEY(block)'),
      ('from TOP import sparsity\nsparsity.keras.prune(x)', 'KEY'),
      ('from TOP.sparsity import keras as k\nk.prune', 'KEY'),
      ('import TOP\nTOP.sparsity.keras.prune', 'KEY'),
      ('import TOP as t\nk = t.sparsity.keras\ndef f():\n  k.prune', 'KEY'),
      ('import TOP as t\na = t.sparsity\nb = a.keras\nb.prune', 'KEY'),
      ('def f():\n  import TOP as t\n  return t.sparsity.keras.prune', 'KEY'),
      ('from TOP.python.core.prune import prune', 'python.core.prune.prune'),
      (
          'from TOP.python.core import base as b\nb.Base',
          'python.core.base.Base',
      ),
  )
  def test_uses(self, text, symbol):
    text = text.replace('TOP', _TOP)
    used = {use.symbol for use in derive.uses_of(text, 'a.py')}
    self.assertIn(symbol.replace('KEY', 'sparsity.keras.prune'), used)

  @parameterized.parameters(
      'import other as t\nt.sparsity.keras.prune',
      'x = "TOP.sparsity"',
      '# import TOP',
  )
  def test_no_uses(self, text):
    text = text.replace('TOP', _TOP)
    self.assertEmpty(list(derive.uses_of(text, 'a.py')))

  def test_floor(self):
    old = _files(**{'python/core/prune.py': 'def prune(model): pass\n'})
    table = _table(old, _files(), old, _files(), _files())
    plain = derive.Use('sparsity.keras.prune', 'a.py', 1)
    self.assertEqual(derive.derive([plain], table).floor, '0.0.0')
    newer = derive.Use('sparsity.keras.prune(block)', 'a.py', 7)
    found = derive.derive([plain, newer], table)
    # 0.1.0 has it too, and 0.2.0 does not: the floor is what holds from there.
    self.assertEqual(found.floor, '0.3.0')
    self.assertEqual(found.needing, [newer])
    self.assertIn(
        '0.2.0 lacks sparsity.keras.prune(block), used in a.py:7',
        derive.told('ours', found, table),
    )

  def test_nothing_has_it(self):
    use = derive.Use('sparsity.keras.nowhere', 'a.py', 7)
    with self.assertRaisesRegex(errors.InputError, r'nowhere \(a.py:7\)'):
      derive.derive([use], _table(_files()))
    with self.assertRaisesRegex(
        errors.InputError, 'nothing of TFMOT is in use'
    ):
      derive.derive([], _table(_files()))

  def test_the_newest_lost_it(self):
    without = _files(**{'python/core/prune.py': 'def other(): pass\n'})
    use = derive.Use('python.core.prune.prune', 'a.py', 7)
    with self.assertRaisesRegex(errors.InputError, 'TFMOT 0.1.0 does not have'):
      derive.derive([use], _table(_files(), without))


if __name__ == '__main__':
  absltest.main()
