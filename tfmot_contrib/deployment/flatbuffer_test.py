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

"""Tests of flatbuffer, on models that the real converter made."""

from unittest import mock

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels


def _model() -> tf_keras.Model:
  """Returns a model whose kernels hold known zeros and few values."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(6, 3, name='convolution')(inputs)
  x = layers.ReLU()(x)
  x = layers.DepthwiseConv2D(3, name='depthwise')(x)
  x = layers.GlobalAveragePooling2D()(x)
  model = tf_keras.Model(inputs, layers.Dense(5, name='dense')(x))
  random = np.random.default_rng(0)
  for weight in model.weights:
    weight.assign(random.choice([0, -0.75, -0.5, 0.25, 0.5], weight.shape))
  # One output channel has more values than the others.
  kernel = model.get_layer('convolution').kernel
  values = kernel.numpy()
  values[..., 2] = random.normal(size=values.shape[:-1])
  kernel.assign(values)
  # Each has its own few.
  kernel = model.get_layer('depthwise').depthwise_kernel
  values = random.choice([0, 0.25, 0.5], kernel.shape)
  kernel.assign(values * np.arange(1, 7)[:, None])
  return model


class FloatTest(tf.test.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = _model()
    cls.tflite = export.to_tflite(cls.model)
    cls.kernels = flatbuffer.kernels(cls.tflite)

  def test_kernels_are_those_of_keras(self):
    self.assertEqual(
        [kernel.operator for kernel in self.kernels],
        ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED'],
    )
    convolution, depthwise, dense = [k.values for k in self.kernels]
    layer = self.model.get_layer('convolution')
    self.assertAllEqual(convolution, layer.kernel.numpy().transpose(3, 0, 1, 2))
    layer = self.model.get_layer('depthwise')
    self.assertAllEqual(
        depthwise, layer.depthwise_kernel.numpy().transpose(3, 0, 1, 2)
    )
    self.assertAllEqual(
        dense, self.model.get_layer('dense').kernel.numpy().transpose()
    )
    self.assertLen({kernel.name for kernel in self.kernels}, 3)

  def test_zeros_and_distinct_values(self):
    names = {
        'convolution': 'kernel',
        'depthwise': 'depthwise_kernel',
        'dense': 'kernel',
    }
    for kernel, (layer, name) in zip(self.kernels, names.items(), strict=True):
      values = getattr(self.model.get_layer(layer), name).numpy()
      channels = values[..., 0] if layer == 'depthwise' else values
      self.assertGreater(kernel.zeros, 0)
      self.assertEqual(kernel.zeros, np.sum(values == 0))
      self.assertEqual(kernel.distinct, len(set(values.ravel().tolist())))
      self.assertEqual(
          kernel.distinct_per_channel,
          max(
              len(set(channels[..., i].ravel().tolist()))
              for i in range(channels.shape[-1])
          ),
      )
    self.assertEqual(self.kernels[0].distinct, 27 + 5)
    self.assertEqual(self.kernels[0].distinct_per_channel, 27)
    self.assertEqual(self.kernels[1].distinct_per_channel, 3)
    self.assertGreater(self.kernels[1].distinct, 3)
    self.assertEqual(self.kernels[2].distinct, 5)

  def test_operators_are_float(self):
    counts = flatbuffer.operator_counts(self.tflite)
    for name in ('CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED', 'MEAN'):
      self.assertEqual(counts[name], {'total': 1, 'integer': 0})
    self.assertEqual(list(counts), sorted(counts))

  def test_folded_batch_normalization(self):
    inputs = tf_keras.Input([8, 8, 3])
    x = tf_keras.layers.Conv2D(6, 3, use_bias=False)(inputs)
    model = tf_keras.Model(inputs, tf_keras.layers.BatchNormalization()(x))
    values = np.random.default_rng(0).choice([0, 0.25, 0.5], [3, 3, 3, 6])
    scales = np.linspace(0.5, 1.5, 6)
    model.set_weights([values, scales, np.zeros(6), np.zeros(6), np.ones(6)])
    (kernel,) = flatbuffer.kernels(export.to_tflite(model))
    self.assertEqual(kernel.zeros, np.sum(values == 0))
    self.assertEqual(kernel.distinct, 6 * 2 + 1)
    self.assertEqual(kernel.distinct_per_channel, 3)


class IntegerTest(tf.test.TestCase):

  def test_all_operators_are_integer(self):
    images = np.random.default_rng(0).normal(size=(8, 8, 8, 3))
    tflite = export.to_tflite(_model(), 'int8', images.astype(np.float32))
    counts = flatbuffer.operator_counts(tflite)
    self.assertEqual(counts['CONV_2D'], {'total': 1, 'integer': 1})
    for name, count in counts.items():
      self.assertEqual(count['integer'], count['total'], name)
    kernels = flatbuffer.kernels(tflite)
    expected = flatbuffer.kernels(export.to_tflite(_model()))
    self.assertEqual(
        [kernel.operator for kernel in kernels],
        [kernel.operator for kernel in expected],
    )
    for kernel, as_float in zip(kernels, expected):
      self.assertEqual(kernel.values.dtype, np.int8)
      self.assertEqual(kernel.values.shape, as_float.values.shape)
      self.assertTrue(np.all(kernel.values[as_float.values == 0] == 0))
      self.assertTrue(np.any(kernel.values))


class KernelNamesTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(*export.KINDS[:4])
  def test_layers_are_found_by_their_weights(self, kind):
    layers = tf_keras.layers
    inputs = tf_keras.Input([8, 8, 3])
    x = inputs
    for i in range(4):
      x = layers.Conv2D(8, 3, padding='same', name=f'conv{i}')(x)
      x = layers.BatchNormalization()(x)
      x = layers.DepthwiseConv2D(3, padding='same', name=f'deep{i}')(x)
    x = layers.Dense(5, name='dense')(layers.GlobalAveragePooling2D()(x))
    model = tf_keras.Model(inputs, x)
    random = np.random.default_rng(0)
    for weight in model.weights:
      weight.assign(random.normal(size=weight.shape))
      if 'variance' in weight.name or 'gamma' in weight.name:
        weight.assign(tf.abs(weight) + 0.1)
    images = random.normal(size=(8, 8, 8, 3)).astype(np.float32)
    exported = flatbuffer.kernels(export.to_tflite(model, kind, images))
    by_channel = kernels.by_channel(model)
    named = flatbuffer.named(exported, by_channel)
    self.assertEqual(
        [k.name for k in named],
        [f'{name}{i}' for i in range(4) for name in ('conv', 'deep')]
        + ['dense'],
    )
    with self.subTest('ALayerIsMissing'):
      more = {**by_channel, 'other': by_channel['dense']}
      with self.assertRaisesRegex(errors.InputError, 'no kernel of the layer'):
        flatbuffer.named(exported, more)
    with self.subTest('AKernelIsOfNoLayer'):
      del by_channel['conv2']
      with self.assertRaisesRegex(errors.InputError, 'that of no layer'):
        flatbuffer.named(exported, by_channel)

  def test_channels_of_zeros_say_nothing(self):
    random = np.random.default_rng(0)
    values = random.normal(size=(50, 3, 3, 4)).astype(np.float32)
    values[:-1] = 0
    kernel = flatbuffer.Kernel('constant', 'CONV_2D', values)
    rows = values.reshape(50, -1)
    other = np.where(rows, random.normal(size=rows.shape), 0)
    (named,) = flatbuffer.named([kernel], {'mine': rows})
    self.assertEqual(named.name, 'mine')
    with self.assertRaisesRegex(errors.InputError, 'no kernel of the layer'):
      flatbuffer.named([kernel], {'mine': rows, 'other': other})


class CompactTest(tf.test.TestCase):

  def test_computes_the_same_in_fewer_bytes(self):
    images = np.random.default_rng(0).normal(size=(8, 8, 8, 3))
    images = images.astype(np.float32)
    with mock.patch.object(flatbuffer, 'compact', lambda model: bytes(model)):
      plain = export.to_tflite(_model(), 'int8', images)
    small = flatbuffer.compact(plain)
    self.assertLess(len(small), len(plain) - 100)
    names = [kernel.name for kernel in flatbuffer.kernels(small)]
    self.assertTrue(all(name.isdigit() for name in names), names)
    self.assertEqual(
        flatbuffer.operator_counts(small), flatbuffer.operator_counts(plain)
    )
    outputs = []
    for model in (plain, small):
      interpreter = tf.lite.Interpreter(model_content=model)
      interpreter.allocate_tensors()
      (source,) = interpreter.get_input_details()
      (target,) = interpreter.get_output_details()
      image = (20 * images[:1]).astype(np.int8)
      interpreter.set_tensor(source['index'], image)
      interpreter.invoke()
      outputs.append(interpreter.get_tensor(target['index']))
    self.assertAllEqual(*outputs)


class DamageTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      b'', b'TFL3', b'not a model', bytes(1000), b'\x1c\0\0\0TFL3' + bytes(99)
  )
  def test_no_model(self, data):
    for read in (flatbuffer.kernels, flatbuffer.operator_counts):
      with self.assertRaisesRegex(errors.InputError, 'not a TFLite model'):
        read(data)

  @parameterized.parameters(0.01, 0.5)
  def test_truncated_model(self, share):
    tflite = export.to_tflite(_model())
    with self.assertRaisesRegex(errors.InputError, 'not a TFLite model'):
      flatbuffer.kernels(tflite[: int(len(tflite) * share)])

  def test_kernel_of_another_type(self):
    inputs = tf_keras.Input([8])
    product = tf_keras.layers.Dot(1)(
        [tf_keras.layers.Reshape([1, 8])(inputs)] * 2
    )
    tflite = export.to_tflite(tf_keras.Model(inputs, product))
    counts = flatbuffer.operator_counts(tflite)
    self.assertNotIn('CONV_2D', counts)
    self.assertEmpty(flatbuffer.kernels(tflite))


if __name__ == '__main__':
  tf.test.main()
