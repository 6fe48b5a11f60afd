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

"""Tests of cifar_backbones."""

from absl.testing import parameterized
import tensorflow as tf, tf_keras

from official.vision.configs import backbones as backbone_configs
from official.vision.configs import common
from official.vision.modeling import factory as model_factory
from official.vision.modeling.backbones import factory
from official.vision.modeling.backbones import mobilenet
from official.vision.modeling.backbones import resnet
from tfmot_contrib.modeling import cifar_backbones

_SPECS = tf_keras.layers.InputSpec(shape=[None, 32, 32, 3])


def _build(backbone: cifar_backbones.Backbone) -> tf_keras.Model:
  """Returns the backbone that upstream's factory makes of a config."""
  return factory.build_backbone(
      _SPECS,
      backbone,
      common.NormActivation(norm_momentum=0.8, norm_epsilon=0.02),
      l2_regularizer=tf_keras.regularizers.L2(0.03),
  )


def _layers(model: tf_keras.Model, kind: type[tf_keras.layers.Layer]):
  """Returns the layers of a kind, also those in blocks."""
  flat = model._flatten_layers()  # pylint: disable=protected-access
  return [layer for layer in flat if isinstance(layer, kind)]


class CifarResNetTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      (8, 0.25, [16, 32, 64]),
      (14, 0.5, [32, 64, 128]),
      (20, 0.25, [16, 32, 64]),
      (10, 0.25, [16, 32, 64, 128]),
      (18, 0.25, [16, 32, 64, 128]),
  )
  def test_depth_and_shapes(self, depth, multiplier, filters):
    backbone = _build(
        cifar_backbones.Backbone(
            type='cifar_resnet',
            cifar_resnet=cifar_backbones.CifarResNet(
                model_id=depth, depth_multiplier=multiplier
            ),
        )
    )
    self.assertIsInstance(backbone, cifar_backbones.CifarResNetBackbone)
    with self.subTest('StemKeepsTheResolution'):
      stem = backbone.layers[1]
      self.assertEqual((stem.kernel_size, stem.strides), ((3, 3), (1, 1)))
      for layer in backbone.layers[1:4]:
        self.assertEqual(layer.output.shape, [None, 32, 32, filters[0]])
    with self.subTest('Groups'):
      self.assertEqual(
          {
              level: shape.as_list()
              for level, shape in backbone.output_specs.items()
          },
          {
              str(2 + i): [None, 32 >> i, 32 >> i, count]
              for i, count in enumerate(filters)
          },
      )
    with self.subTest('Depth'):
      # All 3x3 convolutions, and the dense layer that follows the backbone.
      kernels = [
          layer
          for layer in _layers(backbone, tf_keras.layers.Conv2D)
          if layer.kernel_size == (3, 3)
      ]
      self.assertLen(kernels, depth - 1)
    with self.subTest('Config'):
      for layer in _layers(backbone, tf_keras.layers.BatchNormalization):
        self.assertEqual((layer.momentum, layer.epsilon), (0.8, 0.02))
      for layer in _layers(backbone, tf_keras.layers.Conv2D):
        self.assertAllClose(layer.kernel_regularizer.l2, 0.03)

  def test_other_depths_are_upstreams(self):
    self.assertEqual(
        resnet.RESNET_SPECS[18],
        [('residual', count, 2) for count in (64, 128, 256, 512)],
    )
    backbone = _build(
        cifar_backbones.Backbone(
            type='resnet', resnet=backbone_configs.ResNet(model_id=18)
        )
    )
    self.assertIs(type(backbone), resnet.ResNet)
    self.assertEqual(backbone.layers[1].strides, (2, 2))


class MobileNetV2CifarTest(tf.test.TestCase):

  def test_only_the_stride_of_the_stem_differs(self):
    upstream = mobilenet.SUPPORTED_SPECS_MAP['MobileNetV2']
    variant = mobilenet.SUPPORTED_SPECS_MAP['MobileNetV2Cifar']
    stem, *blocks = variant['block_specs']
    self.assertEqual(stem, ('convbn', 3, 1, 32, None, False))
    self.assertEqual(blocks, upstream['block_specs'][1:])
    other = set(upstream) - {'spec_name', 'block_specs'}
    self.assertEqual(
        {k: variant[k] for k in other}, {k: upstream[k] for k in other}
    )
    self.assertEqual(variant.keys(), upstream.keys())

  def test_upstreams_model_is_unchanged(self):
    upstream = mobilenet.SUPPORTED_SPECS_MAP['MobileNetV2']
    self.assertIs(upstream, mobilenet.MNV2_BLOCK_SPECS)
    self.assertEqual(upstream['spec_name'], 'MobileNetV2')
    self.assertEqual(
        upstream['block_specs'][0], ('convbn', 3, 2, 32, None, False)
    )

  def test_models(self):
    built = {}
    for name in ('MobileNetV2', 'MobileNetV2Cifar'):
      built[name] = _build(
          cifar_backbones.Backbone(
              type='mobilenet',
              mobilenet=backbone_configs.MobileNet(
                  model_id=name, filter_size_scale=0.5
              ),
          )
      )
    convolutions = {
        name: _layers(model, tf_keras.layers.Conv2D)
        for name, model in built.items()
    }
    strides = {
        name: [layer.strides for layer in layers]
        for name, layers in convolutions.items()
    }
    self.assertEqual(strides['MobileNetV2'][0], (2, 2))
    self.assertEqual(strides['MobileNetV2Cifar'][0], (1, 1))
    self.assertEqual(*(values[1:] for values in strides.values()))
    self.assertEqual(*(
        [weight.shape for weight in model.weights] for model in built.values()
    ))
    sizes = {
        name: [shape[1] for shape in model.output_specs.values()]
        for name, model in built.items()
    }
    self.assertEqual(sizes['MobileNetV2'], [8, 4, 2, 1])
    self.assertEqual(sizes['MobileNetV2Cifar'], [16, 8, 4, 2])


class ModelConfigTest(tf.test.TestCase):

  def test_config_from_text_builds_the_classifier(self):
    config = cifar_backbones.ImageClassificationModel()
    config.override({
        'num_classes': 7,
        'input_size': [32, 32, 3],
        'backbone': {
            'type': 'cifar_resnet',
            'cifar_resnet': {'model_id': 8, 'depth_multiplier': 0.125},
        },
    })
    model = model_factory.build_classification_model(_SPECS, config)
    self.assertEqual(model(tf.zeros([2, 32, 32, 3])).shape, [2, 7])
    self.assertEqual(model.backbone.output_specs['2'], [None, 32, 32, 8])


if __name__ == '__main__':
  tf.test.main()
