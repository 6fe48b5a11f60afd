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

"""Tests of quantization: TFMOT, the converter and the interpreter are real."""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from official.modeling import activations
from tfmot_contrib import errors
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.quantization import inspection
from tfmot_contrib.quantization import quantization

_layers = tf_keras.layers


def _model() -> tf_keras.Model:
  """Returns a flat model with the blocks of ResNet and MobileNet V2 and V3."""
  inputs = tf_keras.Input([8, 8, 3])
  regularizer = tf_keras.regularizers.L2(1e-4)
  x = _layers.Conv2D(
      8, 3, use_bias=False, kernel_regularizer=regularizer, name='first'
  )(inputs)
  x = _layers.BatchNormalization(momentum=0.5)(x)
  x = _layers.Activation(activations.hard_swish)(x)
  x = _layers.Activation('linear')(x)
  y = _layers.DepthwiseConv2D(
      3, padding='same', use_bias=False, name='depthwise'
  )(x)
  y = _layers.BatchNormalization(momentum=0.5)(y)
  y = _layers.ReLU(6.0)(y)
  scale = _layers.GlobalAveragePooling2D(keepdims=True)(y)
  scale = _layers.Conv2D(8, 1, name='excite')(scale)
  scale = _layers.Rescaling(1.0, 3.0)(scale)
  scale = _layers.ReLU(6.0)(scale)
  scale = _layers.Rescaling(0.16667)(scale)
  y = _layers.Multiply()([y, scale])
  y = _layers.Conv2D(8, 1, use_bias=False, name='project')(y)
  y = _layers.BatchNormalization(momentum=0.5)(y)
  x = _layers.ReLU()(_layers.Add()([x, y]))
  x = _layers.GlobalAveragePooling2D()(x)
  x = _layers.Dropout(0.1)(x)
  return tf_keras.Model(inputs, _layers.Dense(5, name='logits')(x))


def _calibrated(model: tf_keras.Model, images: tf.Tensor) -> tf_keras.Model:
  """Lets a quantized model see images until its ranges have settled."""
  step = tf.function(lambda x: model(x, training=True))
  for variable in model.variables:
    if 'max' in variable.name and 'kernel' not in variable.name:
      variable.assign(1.0)
  for _ in range(30):
    step(images)
  return model


class QuantizeTest(tf.test.TestCase, parameterized.TestCase):

  def setUp(self):
    super().setUp()
    tf_keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    self.images = random.normal(size=(64, 8, 8, 3)).astype(np.float32)

  def test_export_has_integer_operators_alone(self):
    model = _calibrated(quantization.quantize(_model()), self.images)
    tflite = export.to_tflite(model, 'qat_int8')
    counts = flatbuffer.operator_counts(tflite)
    self.assertEqual(
        {name: c['integer'] for name, c in counts.items()},
        {name: c['total'] for name, c in counts.items()},
    )
    self.assertEqual(counts['HARD_SWISH']['total'], 1)
    self.assertEqual(counts['MUL']['total'], 2)
    with self.subTest('The interpreter does what training simulated'):
      said = benefit.logits(tflite, self.images)
      compared = benefit.against_keras(said, model(self.images).numpy())
      self.assertLess(compared['disagreement'], 5)
    with self.subTest('No layer was left'):
      measured = inspection.of_model(model)
      self.assertEqual(measured['layers_not_quantized'], 0)
      self.assertEqual(measured['ranges_at_initial_value'], 0)

  def test_plain_tfmot_refuses_the_model(self):
    # If it does not any more, much of this module can go.
    with self.assertRaisesRegex((RuntimeError, ValueError), 'not supported'):
      with tfmot.quantization.keras.quantize_scope():
        tfmot.quantization.keras.quantize_model(_model())

  def test_given_model_is_left_alone(self):
    model = _model()
    expected = model(self.images, training=False).numpy()
    layers = [(type(layer), layer.name) for layer in model.layers]
    quantized = _calibrated(quantization.quantize(model), self.images)
    for weight in quantized.trainable_variables:
      weight.assign_add(tf.ones_like(weight))
    self.assertAllEqual(model(self.images, training=False), expected)
    self.assertEqual([(type(x), x.name) for x in model.layers], layers)
    with self.subTest('It can be quantized again'):
      again = quantization.quantize(model)
      self.assertLen(again.layers, len(quantized.layers))

  def test_starts_from_the_given_weights(self):
    model = _model()
    quantized = quantization.quantize(model)
    of_quantized = {
        v.name.split('/')[-2].removeprefix('quant_') + v.name.split('/')[-1]: v
        for v in quantized.variables
        if '/' in v.name
    }
    for weight in model.weights:
      self.assertAllEqual(
          of_quantized[''.join(weight.name.split('/')[-2:])], weight
      )

  def test_scheme(self):
    experimental = tfmot.quantization.keras.experimental
    model = quantization.quantize(
        _model(),
        experimental.default_n_bit.DefaultNBitQuantizeScheme(num_bits_weight=4),
    )
    config = model.get_layer('quant_first').quantize_config
    self.assertEqual(config.weight_quantizer.num_bits, 4)

  def test_normalization_that_cannot_be_folded(self):
    inputs = tf_keras.Input([8, 8, 3])
    x = _layers.ReLU()(_layers.BatchNormalization(name='alone')(inputs))
    x = _layers.Conv2D(4, 3, name='biased')(x)
    x = _layers.BatchNormalization(name='after_bias')(x)
    model = quantization.quantize(tf_keras.Model(inputs, x))
    for name in ('alone', 'after_bias'):
      config = model.get_layer(f'quant_{name}').quantize_config
      self.assertIsInstance(config, quantization.OutputQuantizeConfig)

  def test_weights_without_a_config(self):
    inputs = tf_keras.Input([8, 3])
    model = tf_keras.Model(inputs, _layers.Conv1D(4, 3, name='series')(inputs))
    with self.assertRaisesRegex(
        errors.InputError, r'no config for the weights of series \(Conv1D\)'
    ):
      quantization.quantize(model)


if __name__ == '__main__':
  tf.test.main()
