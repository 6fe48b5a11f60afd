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

"""Tests of qat: TFMOT trains for real, the exported model is judged."""

from typing import Any

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels
from tfmot_contrib.quantization import qat

_STEPS = 12


def _model() -> tf_keras.Model:
  """Returns a flat model with each kind of kernel."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(8, 3, use_bias=False, name='first')(inputs)
  x = layers.ReLU()(layers.BatchNormalization(momentum=0.5)(x))
  x = layers.DepthwiseConv2D(3, use_bias=False, name='depthwise')(x)
  x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.5)(x))
  x = layers.Conv2D(7, 1, name='biased')(x)
  x = layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, layers.Dense(5, name='logits')(x))


def _images() -> np.ndarray:
  random = np.random.default_rng(0)
  return random.normal(size=(64, 8, 8, 3)).astype(np.float32)


def _run(
    config: qat.QatConfig,
) -> tuple[Any, tf_keras.Model, bytes, list[flatbuffer.Kernel]]:
  """Trains a few steps and exports.

  Args:
    config: Of the technique.

  Returns:
    The technique, the trained model, what was exported and its kernels.
  """
  tf_keras.utils.set_random_seed(1)
  technique = technique_lib.create(config)
  model = technique.apply(_model())
  model.compile(
      tf_keras.optimizers.SGD(0.01),
      tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
  )
  labels = np.random.default_rng(1).integers(0, 5, 64)
  model.fit(_images(), labels, batch_size=64, epochs=_STEPS, verbose=0)
  result = technique.strip(model)
  tflite = technique.export(result, 'qat_int8', _images())
  exported = flatbuffer.named(
      flatbuffer.kernels(tflite), kernels.by_channel(result)
  )
  return technique, result, tflite, exported


class QatTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters((8, 255), (4, 15))
  def test_exported_model_keeps_the_promises(self, bits, most):
    technique, result, tflite, exported = _run(qat.QatConfig(bits=bits))
    self.assertEqual(technique.kinds, ('qat_int8',))
    measured = technique.invariants({'qat_int8': exported})
    names = ['first', 'depthwise', 'biased', 'logits']
    self.assertEqual(measured['covered'], names)
    self.assertEqual([k.scales for k in exported], [8, 8, 7, 1])
    self.assertLessEqual(max(k.distinct for k in exported), most)
    for violations in (
        'layers_not_quantized',
        'ranges_at_initial_value',
        'kernels_left_float',
        'scales_wrong',
        'values_in_excess',
    ):
      self.assertEqual(measured[violations], 0, violations)
    said = benefit.logits(tflite, _images())
    compared = benefit.against_keras(said, result(_images()).numpy())
    self.assertLess(compared['disagreement'], 10)
    counts = flatbuffer.operator_counts(tflite)
    for name, count in counts.items():
      self.assertEqual(count['integer'], count['total'], name)

  def test_four_bits_take_half_the_bytes(self):
    # TFMOT's scheme is experimental, but TFLite stores and runs it.
    sizes = {}
    for bits in (4, 8):
      technique = technique_lib.create(qat.QatConfig(bits=bits))
      inputs = tf_keras.Input([4, 4, 64])
      x = tf_keras.layers.Conv2D(128, 3, use_bias=False)(inputs)
      x = tf_keras.layers.GlobalAveragePooling2D()(x)
      model = technique.apply(tf_keras.Model(inputs, x))
      images = np.ones([4, 4, 4, 64], np.float32)
      model(images, training=True)
      sizes[bits] = len(technique.export(model, 'qat_int8', images))
    weights = 3 * 3 * 64 * 128
    self.assertAllClose(sizes[8] - sizes[4], weights / 2, atol=64)

  @parameterized.parameters(2, 5, 16)
  def test_bits_that_tflite_cannot_store(self, bits):
    technique = technique_lib.create(qat.QatConfig(bits=bits))
    with self.assertRaisesRegex(errors.InputError, f'bits is {bits}: 4 or 8'):
      technique.apply(_model())


if __name__ == '__main__':
  tf.test.main()
