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

"""Tests of inspection, on kernels that were written down and on real models."""

import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.quantization import inspection
from tfmot_contrib.quantization import quantization


def _kernel(
    name: str, operator: str, values: np.ndarray, scales: int
) -> flatbuffer.Kernel:
  """Returns a kernel of an exported model."""
  return flatbuffer.Kernel(name, operator, values, scales)


def _kernels() -> list[flatbuffer.Kernel]:
  """Returns kernels of three channels, the last of which is float."""
  values = np.arange(-9, 9, dtype=np.int8).reshape(3, 1, 2, 3)
  return [
      _kernel('convolution', 'CONV_2D', values, 3),
      _kernel('depthwise', 'DEPTHWISE_CONV_2D', values.reshape(1, 2, 3, 3), 1),
      _kernel('dense', 'FULLY_CONNECTED', values.reshape(3, 6), 1),
      _kernel('float', 'CONV_2D', values.astype(np.float32), 0),
  ]


class OfKernelsTest(tf.test.TestCase):

  def test_scales_and_types(self):
    per_axis = inspection.of_kernels(_kernels(), bits=8, per_axis=True)
    self.assertEqual(per_axis['covered'], ['convolution', 'depthwise', 'dense'])
    self.assertEqual(per_axis['skipped'], ['float'])
    self.assertEqual(per_axis['kernels_left_float'], 1)
    self.assertEqual(per_axis['scales_wrong'], 2)  # Depthwise and float.
    per_tensor = inspection.of_kernels(_kernels(), bits=8, per_axis=False)
    self.assertEqual(per_tensor['scales_wrong'], 2)  # Convolution and float.

  def test_values_in_excess(self):
    for bits, excess in ((8, 0), (3, 0), (2, 2)):
      measured = inspection.of_kernels(_kernels(), bits=bits, per_axis=True)
      self.assertEqual(measured['values_in_excess'], excess)

  def test_kernel_that_two_operators_share(self):
    kernels = [*_kernels(), *_kernels()]
    measured = inspection.of_kernels(kernels, bits=8, per_axis=True)
    self.assertEqual(measured['kernels_left_float'], 1)
    self.assertEqual(measured['scales_wrong'], 2)


class OfModelTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    tf_keras.utils.set_random_seed(1)
    layers = tf_keras.layers
    inputs = tf_keras.Input([8, 8, 3])
    x = layers.Conv2D(4, 3, use_bias=False, name='first')(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D(name='pool')(layers.ReLU()(x))
    self.model = tf_keras.Model(inputs, layers.Dense(5, name='logits')(x))
    random = np.random.default_rng(0)
    self.images = random.normal(size=(64, 8, 8, 3)).astype(np.float32)

  def test_ranges_that_training_has_not_touched(self):
    model = quantization.quantize(self.model)
    measured = inspection.of_model(model)
    # Of the input, the ReLU, the pooling and the dense layer.
    self.assertEqual(measured['ranges'], 4)
    self.assertEqual(measured['ranges_at_initial_value'], 4)
    model(self.images, training=False)
    self.assertEqual(inspection.of_model(model)['ranges_at_initial_value'], 4)
    model(self.images, training=True)
    self.assertEqual(inspection.of_model(model)['ranges_at_initial_value'], 0)

  def test_one_step_moves_a_range_by_a_thousandth(self):
    # Hence the claims take the accuracy, too, after a training that is short.
    model = quantization.quantize(self.model)
    model(self.images, training=True)
    low, high = inspection.ranges(model)['quant_re_lu/output']
    self.assertNear(low, -6 * 0.999, 1e-4)
    self.assertLess(high, 6)
    self.assertGreater(high, 6 * 0.999)

  def test_layers_that_were_left(self):
    keras = tfmot.quantization.keras

    def annotate(layer):
      if layer.name in ('pool', 'logits'):
        return keras.quantize_annotate_layer(layer)
      return layer

    model = keras.quantize_apply(
        tf_keras.models.clone_model(self.model, clone_function=annotate)
    )
    measured = inspection.of_model(model)
    self.assertContainsSubset(['first'], measured['not_quantized'])
    self.assertLen(measured['not_quantized'], measured['layers_not_quantized'])
    with self.subTest('Inside another model'):
      inputs = tf_keras.Input([8, 8, 3])
      outer = tf_keras.Model(inputs, model(inputs))
      self.assertEqual(inspection.of_model(outer), measured)


if __name__ == '__main__':
  tf.test.main()
