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

"""Tests of post_training: the converter is real, its result is judged."""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import technique as technique_lib
from tfmot_contrib import technique_testing
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.post_training import post_training

_layers = tf_keras.layers
_NAMES = ['first', 'depthwise', 'at_least', 'above', 'logits']


def _model() -> tf_keras.Model:
  """Returns a flat model with kernels below, at and above 1,024 weights."""
  inputs = tf_keras.Input([8, 8, 3])
  x = _layers.Conv2D(16, 3, use_bias=False, name='first')(inputs)  # 432.
  x = _layers.ReLU()(_layers.BatchNormalization()(x))
  x = _layers.DepthwiseConv2D(3, name='depthwise')(x)  # 144.
  x = _layers.Conv2D(64, 1, name='at_least')(x)  # 1,024.
  x = _layers.ReLU()(x)
  x = _layers.Conv2D(31, 1, name='above')(x)  # 1,984.
  x = _layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, _layers.Dense(33, name='logits')(x))  # 1,023.


def _technique(kind: str) -> technique_lib.Technique:
  return technique_lib.create(post_training.PostTrainingConfig(kind=kind))


class PostTrainingTest(technique_testing.TechniqueTestCase):

  def _measure(self, kind: str, **expected) -> bytes:
    """Checks invariants of the exported model, and returns the file."""
    tf_keras.utils.set_random_seed(1)
    config = post_training.PostTrainingConfig(kind=kind)
    self.assertEqual(technique_lib.create(config).kinds, (kind,))
    images = technique_testing.images()
    return self.check_exported(config, _model(), images, expected)[0]

  def test_int8(self):
    self.check_integer(
        self._measure('int8', covered=_NAMES, kernels_left_float=0)
    )

  def test_float16(self):
    tflite = self._measure('float16', covered=_NAMES, kernels_left_float=0)
    # Each of the kernels is made float again by an operator of its own.
    counts = flatbuffer.operator_counts(tflite)
    self.assertGreaterEqual(counts['DEQUANTIZE']['total'], 5)

  def test_dynamic_range_leaves_small_kernels(self):
    self._measure(
        'dynamic_range',
        covered=['at_least', 'above'],
        skipped=['first', 'depthwise', 'logits'],
        kernels_left_float=3,
        kernels_left_unexplained=0,
    )

  @parameterized.parameters('dynamic_range', 'float16', 'int8')
  def test_kernels_that_stayed_float(self, kind):
    technique = _technique(kind)
    values = np.random.default_rng(0).normal(size=[8, 1, 1, 128])
    measured = technique.invariants({
        kind: [
            flatbuffer.Kernel('layer', 'CONV_2D', values.astype(np.float32)),
            flatbuffer.Kernel(
                'small', 'CONV_2D', values[:, :, :, 1:].astype(np.float32)
            ),
        ]
    })
    self.assertEqual(measured['skipped'], ['layer', 'small'])
    self.assertEqual(measured['kernels_left_float'], 2)
    self.assertEqual(
        measured['kernels_left_unexplained'],
        1 if kind == 'dynamic_range' else 2,
    )

  def test_model_is_left_as_it_is(self):
    technique = _technique('int8')
    model = _model()
    self.assertIs(technique.strip(technique.apply(model)), model)

  def test_bad_kind(self):
    config = post_training.PostTrainingConfig(kind='int4')
    self.check_refused(config, _model(), 'kind is int4: one of')


if __name__ == '__main__':
  tf.test.main()
