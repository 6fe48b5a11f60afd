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

"""Known bugs of TFMOT's quantization, each as small as it gets.

A test that fails here is good news: TFMOT has mended the bug. Then turn the
test around, and take what works around it away.
"""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.quantization import inspection
from tfmot_contrib.quantization import qat
from tfmot_contrib.quantization import quantization

_ISSUES = 'https://github.com/tensorflow/model-optimization/issues/'
_layers = tf_keras.layers


def _mended(number: int) -> str:
  """Returns what to say when a bug is gone."""
  return f'TFMOT has mended {_ISSUES}{number}: see the head of this file'


def _model(convolution: type[_layers.Layer]) -> tf_keras.Model:
  """Returns a flat model with a convolution, normalization and ReLU6."""
  inputs = tf_keras.Input([8, 8, 3])
  options = {} if convolution is _layers.DepthwiseConv2D else {'filters': 8}
  options |= {'kernel_size': 3, 'use_bias': False, 'name': 'layer'}
  x = convolution(**options)(inputs)
  x = _layers.BatchNormalization(momentum=0.5)(x)
  x = _layers.GlobalAveragePooling2D()(_layers.ReLU(6.0)(x))
  return tf_keras.Model(inputs, _layers.Dense(5, name='logits')(x))


class KnownBugsTest(tf.test.TestCase, parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    # Before anything makes TensorFlow start.
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices('CPU')[0],
        [tf.config.LogicalDeviceConfiguration() for _ in range(2)],
    )

  def setUp(self):
    super().setUp()
    tf_keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    self.images = random.normal(size=(64, 8, 8, 3)).astype(np.float32)

  def test_957_model_inside_a_model(self):
    inputs = tf_keras.Input([8, 8, 3])
    model = tf_keras.Model(inputs, _model(_layers.Conv2D)(inputs))
    with self.assertRaisesRegex(
        ValueError, 'inside another .* not supported', msg=_mended(957)
    ):
      tfmot.quantization.keras.quantize_model(model)

  def test_368_interpreter_does_as_keras(self):
    # Closed, and indeed gone where it was reported: MobileNet's blocks.
    inputs = tf_keras.Input([8, 8, 3])
    x = inputs
    for filters in (8, 8, 12):
      x = _layers.Conv2D(filters, 1, use_bias=False)(x)
      x = _layers.ReLU(6.0)(_layers.BatchNormalization(momentum=0.5)(x))
      x = _layers.DepthwiseConv2D(3, padding='same', use_bias=False)(x)
      x = _layers.ReLU(6.0)(_layers.BatchNormalization(momentum=0.5)(x))
    x = _layers.GlobalAveragePooling2D()(x)
    model = tf_keras.Model(inputs, _layers.Dense(5, name='logits')(x))
    model = quantization.quantize(model)
    for _ in range(20):
      model(self.images, training=True)
    tflite = export.to_tflite(model, 'qat_int8')
    interpreter = tf.lite.Interpreter(model_content=tflite)
    source = interpreter.get_input_details()[0]
    target = interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(source['index'], self.images.shape)
    interpreter.allocate_tensors()
    scale, zero_point = source['quantization']
    steps = np.clip(np.round(self.images / scale) + zero_point, -128, 127)
    interpreter.set_tensor(source['index'], steps.astype(np.int8))
    interpreter.invoke()
    scale, zero_point = target['quantization']
    logits = interpreter.get_tensor(target['index']).astype(np.float32)
    off = np.abs((logits - zero_point) * scale - model(self.images)) / scale
    self.assertLess(np.mean(off), 1.0)
    self.assertLess(np.max(off), 4.0)

  def test_808_depthwise_kernel_trains_with_one_range(self):
    model = quantization.quantize(_model(_layers.DepthwiseConv2D))
    (least,) = [v for v in model.variables if 'depthwise_kernel_min' in v.name]
    self.assertEqual(least.shape, [1], _mended(808))
    with self.subTest('Though it is exported with one a channel'):
      model(self.images, training=True)
      tflite = export.to_tflite(model, 'qat_int8')
      self.assertEqual(flatbuffer.kernels(tflite)[0].scales, 3)

  def test_1030_relu6_by_name_is_rounded_twice(self):
    # Training rounds before it and after it, the exported model after it only.
    rounded = {}
    for activation in (
        _layers.ReLU(6.0),
        _layers.Activation('relu', name='relu'),
        _layers.Activation('relu6', name='relu6'),
    ):
      inputs = tf_keras.Input([8, 8, 3])
      x = _layers.Conv2D(8, 3, use_bias=False)(inputs)
      x = activation(_layers.BatchNormalization(name='normalization')(x))
      model = tf_keras.Model(inputs, x)
      for name, quantize in (
          ('TFMOT', tfmot.quantization.keras.quantize_model),
          ('ours', quantization.quantize),
      ):
        layer = quantize(model).get_layer('quant_normalization')
        count = sum('output_min' in v.name for v in layer.variables)
        rounded[name, activation.name] = count
    self.assertEqual(rounded.pop(('TFMOT', 'relu6')), 1, _mended(1030))
    self.assertEqual(set(rounded.values()), {0})

  def test_1131_per_tensor_convolution_stays_float(self):
    types = {}
    for per_axis in (True, False):
      technique = qat.Qat(qat.QatConfig(per_axis=per_axis))
      model = technique.apply(_model(_layers.Conv2D))
      model(self.images, training=True)
      tflite = export.to_tflite(model, 'qat_int8')
      types[per_axis] = flatbuffer.kernels(tflite)[0].values.dtype
    self.assertEqual(types[True], np.int8)
    self.assertEqual(types[False], np.float32, _mended(1131))

  def test_1123_saved_model_cannot_be_loaded(self):
    model = quantization.quantize(_model(_layers.Conv2D))
    path = self.create_tempfile('model.keras').full_path
    model.save(path)
    with quantization.scope():
      with self.assertRaisesRegex(
          ValueError, 'quantize_layer.* expected', msg=_mended(1123)
      ):
        tf_keras.models.load_model(path, compile=False)

  def test_1068_ranges_depend_on_the_number_of_replicas(self):
    # TFMOT averages the least and largest values of the replicas, where those
    # of the whole batch would be their least and largest.
    first, second = self.images[:32], self.images[32:] * 3
    ranges = {}
    for devices in (['CPU:0'], ['CPU:0', 'CPU:1']):
      strategy = tf.distribute.MirroredStrategy(devices)
      with strategy.scope():
        tf_keras.utils.set_random_seed(1)
        inputs = tf_keras.Input([8, 8, 3])
        outputs = _layers.ReLU(name='relu')(inputs)
        model = quantization.quantize(tf_keras.Model(inputs, outputs))

      @tf.function
      def step(batch, model=model, strategy=strategy):
        strategy.run(lambda x: model(x, training=True), args=(batch,))

      batches = np.split(np.concatenate([first, second]), len(devices))
      step(
          strategy.experimental_distribute_values_from_function(
              lambda context, batches=batches: tf.constant(
                  batches[context.replica_id_in_sync_group]
              )
          )
      )
      ranges[len(devices)] = inspection.ranges(model)['quant_relu/output'][1]
    # One step of the moving average, which begins at 6.
    largest = [np.max(first), np.max(second)]
    self.assertNear(ranges[1], 6 * 0.999 + max(largest) / 1000, 1e-4)
    self.assertNear(
        ranges[2], 6 * 0.999 + np.mean(largest) / 1000, 1e-4, _mended(1068)
    )
    self.assertGreater(ranges[1] - ranges[2], 1e-3)


if __name__ == '__main__':
  tf.test.main()
