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

"""Tests of official_qat, on a short MobileNetV2 and a small ResNet."""

import numpy as np
import tensorflow as tf, tf_keras

from official.vision.configs import backbones
from official.vision.modeling import factory
from official.vision.modeling.backbones import mobilenet
from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import kernels
from tfmot_contrib.quantization import official_qat

_SPECS = tf_keras.layers.InputSpec(shape=[None, 32, 32, 3])
_THREE_BLOCKS = {
    **mobilenet.SUPPORTED_SPECS_MAP['MobileNetV2Cifar'],
    'spec_name': 'ThreeBlocks',
}
_THREE_BLOCKS['block_specs'] = [
    *_THREE_BLOCKS['block_specs'][:4],
    _THREE_BLOCKS['block_specs'][-1],
]
mobilenet.SUPPORTED_SPECS_MAP['ThreeBlocks'] = _THREE_BLOCKS


def _config(
    backbone: cifar_backbones.Backbone,
) -> official_qat.OfficialQatConfig:
  return official_qat.OfficialQatConfig(
      model=cifar_backbones.ImageClassificationModel(
          num_classes=10, input_size=[32, 32, 3], backbone=backbone
      ),
      l2_weight_decay=1e-4,
  )


def _mobilenet() -> official_qat.OfficialQatConfig:
  """Returns the config of a model with three blocks."""
  return _config(
      cifar_backbones.Backbone(
          type='mobilenet',
          mobilenet=backbones.MobileNet(
              model_id='ThreeBlocks', filter_size_scale=0.5
          ),
      )
  )


def _official(config: official_qat.OfficialQatConfig) -> tf_keras.Model:
  """Returns an official model with random weights and statistics."""
  model = factory.build_classification_model(
      input_specs=_SPECS, model_config=config.model
  )
  random = np.random.default_rng(0)
  model.set_weights([
      random.uniform(0.5, 1.5, w.shape)
      if w.name.endswith(('gamma:0', 'variance:0'))
      else random.normal(size=w.shape) / 8
      for w in model.weights
  ])
  return model


class OfficialQatTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    random = np.random.default_rng(1)
    self.images = random.normal(size=(32, 32, 32, 3)).astype(np.float32)

  def test_weights_come_from_the_flat_model(self):
    config = _mobilenet()
    model = _official(config)
    expected = model(self.images, training=False)
    # Twice, as it is when a run starts from the model of another.
    flat = flatten.flatten(flatten.flatten(model))
    other = factory.build_classification_model(
        input_specs=_SPECS, model_config=config.model
    )
    self.assertNotAllClose(other(self.images, training=False), expected)
    official_qat.copy_weights(flat, other)
    self.assertAllEqual(other(self.images, training=False), expected)

  def test_flat_model_of_another_width(self):
    config = _mobilenet()
    flat = flatten.flatten(_official(config))
    config.model.backbone.mobilenet.filter_size_scale = 1.0
    with self.assertRaisesRegex(
        errors.InputError, 'does not have the weights of task.technique.model'
    ):
      technique_lib.create(config).apply(flat)

  def test_exported_model_is_integer(self):
    config = _mobilenet()
    technique = technique_lib.create(config)
    self.assertEqual(technique.kinds, ('qat_int8',))
    model = technique.apply(flatten.flatten(_official(config)))
    # Depthwise kernels have no L2 loss.
    self.assertLen([loss for loss in model.losses if float(loss) > 0], 8)
    step = tf.function(lambda x: model(x, training=True))
    for _ in range(3):
      step(self.images)
    result = technique.strip(model)
    tflite = technique.export(result, 'qat_int8', self.images)
    exported = flatbuffer.named(
        flatbuffer.kernels(tflite), kernels.by_channel(result)
    )
    measured = technique.invariants({'qat_int8': exported})
    # Stem, 2, 3 and 3 in the blocks, the last convolution and the classifier.
    self.assertLen(measured['covered'], 11)
    for violations in (
        'layers_not_quantized',
        'ranges_at_initial_value',
        'kernels_left_float',
        'scales_wrong',
        'values_in_excess',
    ):
      self.assertEqual(measured[violations], 0, violations)
    said = benefit.logits(tflite, self.images)
    compared = benefit.against_keras(said, result(self.images).numpy())
    self.assertLess(compared['disagreement'], 15)
    counts = flatbuffer.operator_counts(tflite)
    for name, count in counts.items():
      self.assertEqual(count['integer'], count['total'], name)

  def test_resnet_18_is_refused(self):
    # The project has a quantized twin of BottleneckBlock, not of this one.
    config = _config(
        cifar_backbones.Backbone(
            type='cifar_resnet',
            cifar_resnet=cifar_backbones.CifarResNet(
                model_id=8, depth_multiplier=0.25
            ),
        )
    )
    flat = flatten.flatten(_official(config))
    with self.assertRaisesRegex(
        errors.InputError, r'projects/qat refuses .*ResidualBlock.* supported'
    ):
      technique_lib.create(config).apply(flat)


if __name__ == '__main__':
  tf.test.main()
