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

"""Tests of saved, on Official Models' classifiers with random weights."""

import json
import pathlib

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
from tf_keras.protobuf import saved_metadata_pb2

from official.vision.modeling import classification_model
from official.vision.modeling.backbones import mobilenet
from official.vision.modeling.backbones import resnet
from tfmot_contrib import errors
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import saved

_SPECS = tf_keras.layers.InputSpec(shape=[None, 32, 32, 3])
_L2 = tf_keras.regularizers.L2(1e-3)
# By name: what makes the official backbone.
_BACKBONES = {
    'CifarResNet8': lambda: cifar_backbones.CifarResNetBackbone(
        8, _SPECS, depth_multiplier=0.125, kernel_regularizer=_L2
    ),
    'SqueezeExcitation': lambda: resnet.ResNet(
        10, _SPECS, depth_multiplier=0.125, se_ratio=0.25, norm_epsilon=1e-2
    ),
    'MobileNetV2Cifar': lambda: mobilenet.MobileNet(
        'MobileNetV2Cifar', filter_size_scale=0.25, input_specs=_SPECS
    ),
}


class Unknown(cifar_backbones.CifarResNetBackbone):
  """A backbone that nobody has registered."""


def _images() -> np.ndarray:
  random = np.random.default_rng(1)
  return random.normal(size=[4, 32, 32, 3]).astype(np.float32)


def _official(backbone: tf_keras.Model) -> tf_keras.Model:
  """Returns the official classifier with weights that matter."""
  model = classification_model.ClassificationModel(
      backbone=backbone,
      num_classes=10,
      input_specs=_SPECS,
      dropout_rate=0.2,
      kernel_regularizer=_L2,
  )
  random = np.random.default_rng(0)
  for weight in model.weights:
    values = random.normal(size=weight.shape)
    if 'kernel' in weight.name:
      values /= np.sqrt(np.prod(weight.shape[:-1]))
    elif 'gamma' in weight.name or 'variance' in weight.name:
      values = 1 + 0.1 * values
    weight.assign(values)
  # In a deep network that was never trained, logits hardly depend on the image.
  # They do with the statistics of a batch, which one pass puts in place.
  for layer in model._flatten_layers():  # pylint: disable=protected-access
    if isinstance(layer, tf_keras.layers.BatchNormalization):
      layer.momentum = 0.0
  model(_images(), training=True)
  return model


class SavedTest(tf.test.TestCase, parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def assert_same(self, model, loaded):
    """Asserts the same logits, weights and regularization losses."""
    logits = model(_images(), training=False)
    self.assertGreater(np.std(logits, axis=0).min(), 1e-3)
    self.assertAllClose(logits, loaded(_images(), training=False), atol=1e-5)
    self.assertEqual(len(model.weights), len(loaded.weights))
    self.assertAllClose(sum(model.losses), sum(loaded.losses))

  @parameterized.parameters(
      ('CifarResNet8', ''),
      ('CifarResNet8', '.keras'),
      ('SqueezeExcitation', ''),
      ('MobileNetV2Cifar', '.keras'),
  )
  def test_official_classifier(self, name, suffix):
    model = _official(_BACKBONES[name]())
    path = f'{self.root}/model{suffix}'
    model.save(path)
    loaded = saved.load(path)
    self.assert_same(model, loaded)
    self.assert_same(model, flatten.flatten(loaded))

  @parameterized.parameters('', '.keras')
  def test_flat_model(self, suffix):
    model = flatten.flatten(_official(_BACKBONES['CifarResNet8']()))
    model.compile('sgd', 'mse')
    path = f'{self.root}/model{suffix}'
    model.save(path)
    loaded = saved.load(path)
    self.assert_same(model, loaded)
    self.assertEqual(
        [layer.name for layer in model.layers],
        [layer.name for layer in loaded.layers],
    )

  def change_backbone(self, path, **values):
    """Changes the config of the backbone that a SavedModel tells."""
    file = pathlib.Path(path) / 'keras_metadata.pb'
    metadata = saved_metadata_pb2.SavedMetadata.FromString(file.read_bytes())
    root = json.loads(metadata.nodes[0].metadata)
    root['config']['backbone']['config'].update(values)
    metadata.nodes[0].metadata = json.dumps(root)
    file.write_bytes(metadata.SerializeToString())

  def test_config_that_makes_another_model(self):
    path = f'{self.root}/model'
    _official(_BACKBONES['CifarResNet8']()).save(path)
    self.change_backbone(path, norm_epsilon=0.5)
    with self.assertRaisesRegex(
        errors.InputError, 'model is no Keras model: .* it differs by'
    ):
      saved.load(path)
    self.change_backbone(path, norm_epsilon=1e-3)
    saved.load(path)
    self.change_backbone(path, model_id=14)
    with self.assertRaisesRegex(errors.InputError, 'model is no Keras model'):
      saved.load(path)

  def test_backbone_that_nobody_knows(self):
    path = f'{self.root}/model'
    _official(Unknown(8, _SPECS, depth_multiplier=0.125)).save(path)
    with self.assertRaisesRegex(
        errors.InputError, 'its backbone Unknown is none of Official Models'
    ):
      saved.load(path)

  def test_no_keras_model(self):
    with self.assertRaisesRegex(errors.InputError, 'no model at .*nowhere'):
      saved.load(f'{self.root}/nowhere')
    (self.root / 'text.keras').write_text('no archive', encoding='utf-8')
    (self.root / 'folder').mkdir()
    for name in ('text.keras', 'folder'):
      with self.assertRaisesRegex(
          errors.InputError, rf'{name} is no Keras model: .*model\.save'
      ):
        saved.load(f'{self.root}/{name}')

  def test_saved_model_without_layers(self):
    path = f'{self.root}/bare'
    module = tf.Module()
    module.kernel = tf.Variable(tf.ones([3, 10]))
    module.serve = tf.function(
        lambda x: tf.reduce_mean(x, [1, 2]) @ module.kernel,
        input_signature=[tf.TensorSpec([None, 32, 32, 3])],
    )
    tf.saved_model.save(module, path, module.serve)
    with self.assertRaisesRegex(
        errors.InputError, r'bare is a SavedModel without its Keras layers'
    ):
      saved.load(path)


if __name__ == '__main__':
  tf.test.main()
