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

"""Tests of the numbers that tell exported models apart."""

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.deployment import ranges


def _model() -> tf_keras.Model:
  """Returns a model of two layers with kernels."""
  tf_keras.utils.set_random_seed(1)
  inputs = tf_keras.Input([8, 8, 3])
  x = tf_keras.layers.Conv2D(6, 3, activation='relu')(inputs)
  x = tf_keras.layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, tf_keras.layers.Dense(4)(x))


def _kernels(tflite: bytes) -> dict[str, flatbuffer.Kernel]:
  """Returns the kernels by layer."""
  return dict(zip('ab', flatbuffer.kernels(tflite), strict=True))


class RangesTest(tf.test.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    random = np.random.default_rng(0)
    cls.images = random.normal(size=(20, 8, 8, 3)).astype(np.float32)

  def moved(self, model: tf_keras.Model, kind: str, start: bytes) -> float:
    """Returns how far a model's kernels are from those of an exported one."""
    tflite = export.to_tflite(model, kind, self.images)
    kernels = flatbuffer.kernels(tflite)
    return ranges.moved(kernels, 'ab', _kernels(start))

  def test_scales_follow_the_numbers(self):
    model = _model()
    before = ranges.scales(export.to_tflite(model, 'int8', self.images))
    self.assertIn('scale_conv_2d_output', before)
    kernel = model.layers[1].kernel
    kernel.assign(3 * kernel)
    after = ranges.scales(export.to_tflite(model, 'int8', self.images))
    for part in ('kernel', 'output'):
      key = f'scale_conv_2d_{part}'
      self.assertNear(after[key] / before[key], 3, 0.05, key)
    self.assertEqual(
        after['scale_fully_connected_kernel'],
        before['scale_fully_connected_kernel'],
    )

  def test_float_has_no_scales(self):
    tflite = export.to_tflite(_model(), 'float', self.images)
    self.assertEmpty(ranges.scales(tflite))

  def test_moved(self):
    model = _model()
    start = export.to_tflite(model, 'float', self.images)
    self.assertEqual(self.moved(model, 'float', start), 0)
    with self.subTest('Rounding is a small move'):
      self.assertBetween(self.moved(model, 'int8', start), 1e-4, 0.02)
    with self.subTest('Larger by channel is none'):
      kernel = model.layers[1].kernel
      kernel.assign(kernel * np.arange(1, 7))
      self.assertLess(self.moved(model, 'float', start), 1e-6)
    with self.subTest('The opposite is 2, here of one of two layers'):
      kernel.assign(-kernel)
      self.assertNear(self.moved(model, 'float', start), 1, 1e-6)

  def test_layers_that_the_other_lacks_are_left_out(self):
    kernels = flatbuffer.kernels(
        export.to_tflite(_model(), 'float', self.images)
    )
    self.assertEqual(ranges.moved(kernels, 'ab', {}), 0)

  def test_no_model(self):
    with self.assertRaisesRegex(errors.InputError, 'not a TFLite model'):
      ranges.scales(b'TFL3')


if __name__ == '__main__':
  tf.test.main()
