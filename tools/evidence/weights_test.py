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

"""Tests that histograms are those of the exported models."""

import json
import pathlib

from absl.testing import absltest
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib.deployment import export
from tools.evidence import weights

_CHAIN = (
    weights.Stage('f', 'net', 'float', 'before'),
    weights.Stage('f', 'net_half', 'int8', 'after'),
)
_BEFORE = np.array([[1, -2, 3, 4], [5, 6, 7, 8]], np.float32)
_AFTER = np.array([[0, 0, 3, 4], [-2, 0, 2, 4]], np.float32)


def _model(rows: np.ndarray) -> tf_keras.Model:
  """Returns a convolution whose output channels have these weights."""
  inputs = tf_keras.Input([2, 2, 4])
  conv = tf_keras.layers.Conv2D(len(rows), 1, use_bias=False, name='conv')
  model = tf_keras.Model(inputs, conv(inputs))
  conv.set_weights([rows.T[None, None]])
  return model


class WeightsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.bazel_bin = pathlib.Path(self.create_tempdir().full_path)
    images = np.random.default_rng(1).normal(size=[4, 2, 2, 4])
    for stage, values in zip(_CHAIN, (_BEFORE, _AFTER), strict=True):
      run = self.bazel_bin / 'tfmot_contrib/f' / f'{stage.test}_run'
      run.mkdir(parents=True)
      tflite = export.to_tflite(
          _model(values), stage.kind, images.astype(np.float32)
      )
      (run / f'{stage.kind}.tflite').write_bytes(tflite)
      (run / 'layers.json').write_text(
          json.dumps({stage.kind: ['conv']}), encoding='utf-8'
      )

  def test_one_channel_through_the_stages(self):
    made = weights.measure(self.bazel_bin, _CHAIN, ['conv'])
    self.assertEqual([s['title'] for s in made['stages']], ['before', 'after'])
    layer = made['layers'][0]
    # The second channel is the one with the most weights left in the end.
    self.assertEqual((layer['channel'], layer['size']), (1, 8))
    before, after = layer['stages']
    self.assertEqual((before['zeros'], before['distinct']), (0, 4))
    self.assertEqual((after['zeros'], after['distinct']), (3, 4))
    bins = {i - 127: n for i, n in enumerate(after['histogram']) if n}
    self.assertEqual(bins, {-64: 1, 0: 1, 64: 1, 127: 1})
    self.assertLen(before['histogram'], 255)
    self.assertEqual(sum(before['histogram']), 4)

  def test_unknown_layer(self):
    with self.assertRaisesRegex(errors.InputError, 'net has no layer dense:'):
      weights.measure(self.bazel_bin, _CHAIN, ['dense'])

  def test_missing_run(self):
    other = weights.Stage('f', 'other', 'float', 'none')
    with self.assertRaisesRegex(errors.InputError, 'no exported .* f:other'):
      weights.measure(self.bazel_bin, [other], ['conv'])


if __name__ == '__main__':
  tf.test.main()
