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

"""Tests of export, with the real converter and interpreter."""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib.deployment import export


def _model() -> tf_keras.Model:
  """Returns a model with a batch normalization that has been trained."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(6, 3, use_bias=False)(inputs)
  x = layers.BatchNormalization()(x)
  x = layers.ReLU(6.0)(x)
  x = layers.DepthwiseConv2D(3)(x)
  x = layers.GlobalAveragePooling2D()(x)
  x = layers.Dropout(0.5)(x)
  model = tf_keras.Model(inputs, layers.Dense(5)(x))
  random = np.random.default_rng(0)
  for weight in model.weights:
    values = random.normal(size=weight.shape)
    weight.assign(np.abs(values) if 'variance' in weight.name else values)
  return model


def _images(count: int) -> np.ndarray:
  random = np.random.default_rng(1)
  return random.normal(size=(count, 8, 8, 3)).astype(np.float32)


def _interpreter(tflite: bytes) -> tf.lite.Interpreter:
  interpreter = tf.lite.Interpreter(model_content=tflite)
  interpreter.allocate_tensors()
  return interpreter


def _run(interpreter: tf.lite.Interpreter, image: np.ndarray) -> np.ndarray:
  """Returns the logits of one image, which the model may quantize."""
  (source,) = interpreter.get_input_details()
  (target,) = interpreter.get_output_details()
  if source['dtype'] == np.int8:
    scale, zero = source['quantization']
    image = np.clip(np.round(image / scale) + zero, -128, 127).astype(np.int8)
  interpreter.set_tensor(source['index'], image[None])
  interpreter.invoke()
  logits = interpreter.get_tensor(target['index'])[0]
  if target['dtype'] == np.int8:
    scale, zero = target['quantization']
    logits = (logits.astype(np.float32) - zero) * scale
  return logits


class ExportTest(tf.test.TestCase, parameterized.TestCase):

  def test_float_is_the_model(self):
    model, images = _model(), _images(20)
    before = model.get_weights()
    interpreter = _interpreter(export.to_tflite(model))
    (source,) = interpreter.get_input_details()
    self.assertEqual(source['dtype'], np.float32)
    self.assertAllEqual(source['shape'], [1, 8, 8, 3])
    actual = [_run(interpreter, image) for image in images]
    expected = model(images, training=False)
    self.assertGreater(np.std(expected, axis=0).min(), 0.1)
    self.assertAllClose(actual, expected, rtol=0, atol=1e-5)
    for old, new in zip(before, model.get_weights()):
      self.assertAllEqual(old, new)

  def test_int8_is_near_the_model(self):
    model, images = _model(), _images(50)
    tflite = export.to_tflite(model, 'int8', images)
    interpreter = _interpreter(tflite)
    for details in (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    ):
      self.assertEqual([d['dtype'] for d in details], [np.int8])
    actual = np.stack([_run(interpreter, image) for image in images])
    expected = model(images, training=False).numpy()
    error = np.sqrt(np.mean(np.square(actual - expected)))
    self.assertLess(error, 0.05 * expected.std())

  def test_representative_images_give_the_ranges(self):
    model, images = _model(), _images(10)
    scales = []
    for factor in (1, 2):
      tflite = export.to_tflite(model, 'int8', factor * images)
      (source,) = _interpreter(tflite).get_input_details()
      scales.append(source['quantization'][0])
      expected = factor * (images.max() - images.min()) / 255
      self.assertAllClose(scales[-1], expected, rtol=1e-3)
    self.assertAllClose(scales[1], 2 * scales[0], rtol=1e-5)

  @parameterized.parameters(('float16', 2e-3), ('dynamic_range', 3e-2))
  def test_post_training_kinds_are_near_the_model(self, kind, bound):
    model, images = _model(), _images(20)
    interpreter = _interpreter(export.to_tflite(model, kind))
    actual = np.stack([_run(interpreter, image) for image in images])
    expected = model(images, training=False).numpy()
    error = np.sqrt(np.mean(np.square(actual - expected)))
    self.assertBetween(error / expected.std(), 1e-7, bound)

  def test_sparse_is_the_model(self):
    model, images = _model(), _images(5)
    kernel = model.layers[1].kernel
    kernel.assign(tf.where(tf.abs(kernel) < 1.2, 0.0, kernel))
    sparse = export.to_tflite(model, 'sparse')
    interpreter = _interpreter(sparse)
    actual = [_run(interpreter, image) for image in images]
    self.assertAllClose(actual, model(images, training=False), atol=1e-5)

  def test_same_model_gives_the_same_bytes(self):
    model = _model()
    self.assertTrue(export.to_tflite(model) == export.to_tflite(model))

  @parameterized.parameters('int8', 'float64', 'INT8', '')
  def test_bad_kind(self, kind):
    with self.assertRaisesRegex(ValueError, 'int8 without images'):
      export.to_tflite(_model(), kind)


if __name__ == '__main__':
  tf.test.main()
