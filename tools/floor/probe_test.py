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

"""Tests the probe as a program, on a small TFMOT and a small Keras."""

import json
import os
import pathlib
import subprocess
import sys

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.floor import fixture
from tools.floor import probe
from tools.floor import symbols
from tools.floor import tight

_TOP = 'tensorflow_model_optimization/__init__.py'
_TFMOT = """\
from types import SimpleNamespace as Space

def prune_low_magnitude(model, schedule=None):
  return model

def cluster_weights(model, number, init, **more):
  return model

def strip(model):
  return model

def quantize_model(model):
  return model

sparsity = Space(keras=Space(
    prune_low_magnitude=prune_low_magnitude, strip_pruning=strip))
clustering = Space(keras=Space(
    CentroidInitialization=Space(LINEAR=1),
    cluster_weights=cluster_weights, strip_clustering=strip))
quantization = Space(keras=Space(quantize_model=quantize_model))
print('a word on standard output')
"""
_KERAS = """\
from types import SimpleNamespace as Space
layers = Space(Dense=lambda *_, **__: None)
Sequential = list
"""


class ProbeTest(parameterized.TestCase):

  def probe(self, wanted=(), files=None):
    """Returns what the probe says of a TFMOT."""
    # As if it were installed.
    site = pathlib.Path(self.create_tempdir().full_path) / 'site-packages'
    fixture.put(site, {_TOP: _TFMOT, 'tf_keras.py': _KERAS} | (files or {}))
    done = subprocess.run(
        [sys.executable, probe.__file__],
        input=json.dumps(list(wanted)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, 'PYTHONPATH': str(site)},
    )
    return json.loads(done.stdout)

  def test_passes(self):
    found = self.probe([
        'sparsity.keras.prune_low_magnitude',
        'sparsity.keras.prune_low_magnitude(schedule)',
        'clustering.keras.cluster_weights(anything)',
    ])
    self.assertTrue(found['passes'], found)
    self.assertEmpty(found['missing'])

  @parameterized.parameters(
      'sparsity.keras.nothing',
      'sparsity.keras.prune_low_magnitude(other)',
      'python.core.nothing',
  )
  def test_missing(self, symbol):
    found = self.probe(['sparsity.keras', symbol])
    self.assertFalse(found['passes'])
    self.assertEqual(found['missing'], [symbol])
    self.assertEqual(found['error'], f'AttributeError: there is no {symbol}')

  def test_a_module_that_nobody_has_imported(self):
    package = 'tensorflow_model_optimization/late'
    files = {f'{package}/__init__.py': 'x = 1\n'}
    self.assertTrue(self.probe(['late.x'], files)['passes'])

  @parameterized.parameters(
      ('import', 'import tf_keras.nowhere'),
      ('pruning', _TFMOT.replace('return model', 'return 1 // 0', 1)),
      ('clustering', _TFMOT.replace('LINEAR=1', '')),
      ('quantization', _TFMOT.replace('quantize_model=quantize_model', '')),
  )
  def test_fails(self, step, text):
    found = self.probe(files={_TOP: text})
    self.assertEqual((found['passes'], found['step']), (False, step))

  def test_names_no_path_of_this_machine(self):
    files = {_TOP: 'from tf_keras import nowhere\n'}
    error = self.probe(files=files)['error']
    self.assertIn('(tf_keras.py)', error)
    self.assertNotIn('/', error)


class TightTest(absltest.TestCase):

  def test_before(self):
    table = symbols.Table(dict.fromkeys(fixture.RELEASES, 'a'), {}, {})
    self.assertEqual(tight.before('0.8.1', table), '0.8.0')
    self.assertIsNone(tight.before('0.7.5', table))
    with self.assertRaisesRegex(
        errors.InputError, 'ends at 0.8.1 and does not'
    ):
      tight.before('0.9.0', table)


if __name__ == '__main__':
  absltest.main()
