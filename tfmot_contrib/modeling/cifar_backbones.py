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

"""Official backbones with a stem for 32x32 images, as registered variants.

The ImageNet stems of Official Models halve a 32x32 image two or three times
before the first block and lose what CIFAR-10 is about. These variants keep the
official blocks and only take those strides away:

* `cifar_resnet`: ResNet with a 3x3 stride-1 stem and no pooling, as in section
  4.2 of He et al. (https://arxiv.org/abs/1512.03385). Its depths 8, 14 and 20
  have three groups of blocks, as there; 10 and 18 have the four of ImageNet.
* `MobileNetV2Cifar` and `MobileNetV3SmallCifar`: MobileNetV2
  (https://arxiv.org/abs/1801.04381) and V3-Small
  (https://arxiv.org/abs/1905.02244) whose stem has stride 1, so that the last
  feature map of a 32x32 image is 2x2, not 1x1.
"""

import dataclasses

import tensorflow as tf, tf_keras

from official.modeling import hyperparams
from official.vision.configs import backbones as backbone_configs
from official.vision.configs import image_classification
from official.vision.modeling.backbones import factory
from official.vision.modeling.backbones import mobilenet
from official.vision.modeling.backbones import resnet

_THREE_GROUP_DEPTHS = (8, 14, 20)


def _register_specs() -> None:
  """Adds the variants to the tables of block specifications of upstream."""
  for depth in _THREE_GROUP_DEPTHS:
    repeats = (depth - 2) // 6
    resnet.RESNET_SPECS[depth] = [
        ('residual', filters, repeats) for filters in (64, 128, 256)
    ]
  for name in ('MobileNetV2', 'MobileNetV3Small'):
    specs = dict(mobilenet.SUPPORTED_SPECS_MAP[name])
    stem, *blocks = specs['block_specs']
    strides = specs['block_spec_schema'].index('strides')
    stem = tuple(1 if i == strides else value for i, value in enumerate(stem))
    mobilenet.SUPPORTED_SPECS_MAP[f'{name}Cifar'] = {
        **specs,
        'spec_name': f'{name}Cifar',
        'block_specs': [stem, *blocks],
    }


_register_specs()


@dataclasses.dataclass
class CifarResNet(hyperparams.Config):
  """Config of the `cifar_resnet` backbone.

  Attributes:
    model_id: The depth: 8, 14 or 20 (three groups), 10 or 18 (four groups).
    depth_multiplier: Scales the 64 filters of the first group, and the others.
  """

  model_id: int = 18
  depth_multiplier: float = 0.25


@dataclasses.dataclass
class Backbone(backbone_configs.Backbone):
  """The official choice of backbones and `cifar_resnet`."""

  cifar_resnet: CifarResNet = dataclasses.field(default_factory=CifarResNet)


@dataclasses.dataclass
class ImageClassificationModel(image_classification.ImageClassificationModel):
  """The official model config with this module's choice of backbones."""

  backbone: Backbone = dataclasses.field(default_factory=Backbone)


@tf_keras.utils.register_keras_serializable('tfmot_contrib')
class CifarResNetBackbone(resnet.ResNet):
  """The official ResNet, but with a stem that keeps the resolution."""

  def _stem(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns features of the size of the image, [batch, 32, 32, filters]."""
    x = tf_keras.layers.Conv2D(
        filters=int(64 * self._depth_multiplier),
        kernel_size=3,
        padding='same',
        use_bias=False,
        kernel_initializer=self._kernel_initializer,
        kernel_regularizer=self._kernel_regularizer,
    )(inputs)
    x = self._norm(momentum=self._norm_momentum, epsilon=self._norm_epsilon)(x)
    return tf_keras.layers.ReLU()(x)


@factory.register_backbone_builder('cifar_resnet')
def build_cifar_resnet(
    input_specs: tf_keras.layers.InputSpec,
    backbone_config: hyperparams.Config,
    norm_activation_config: hyperparams.Config,
    l2_regularizer: tf_keras.regularizers.Regularizer | None = None,
) -> tf_keras.Model:
  """Builds the backbone from its config, as upstream's factory asks.

  Args:
    input_specs: The shape of the images, [batch, 32, 32, 3].
    backbone_config: A `Backbone` whose type is `cifar_resnet`.
    norm_activation_config: Upstream's `NormActivation`.
    l2_regularizer: For the kernels of the convolutions.

  Returns:
    The backbone.
  """
  config = backbone_config.get()
  return CifarResNetBackbone(
      model_id=config.model_id,
      input_specs=input_specs,
      depth_multiplier=config.depth_multiplier,
      norm_momentum=norm_activation_config.norm_momentum,
      norm_epsilon=norm_activation_config.norm_epsilon,
      kernel_regularizer=l2_regularizer,
  )
