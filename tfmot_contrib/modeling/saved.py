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

"""Reads a Keras model that somebody saved, whatever its format.

A run leaves `model.keras`; a user brings a `.keras` file or the folder of a
SavedModel. Either starts a technique (`task.init_model`).
"""

import json
from typing import Any, Mapping

import numpy as np
import tensorflow as tf, tf_keras
from tf_keras.protobuf import saved_metadata_pb2

from official.vision.modeling import backbones  # pylint: disable=unused-import
from official.vision.modeling import classification_model
from tfmot_contrib import errors
from tfmot_contrib.modeling import cifar_backbones  # pylint: disable=unused-import

_CLASSIFIER = 'Vision>ClassificationModel'
_TOLERANCE = 1e-3


def _opened(config: Mapping[str, Any]) -> dict[str, Any]:
  """Returns a config with what it describes by a dict or a name made."""
  makers = {
      'initializer': tf_keras.initializers.get,
      'regularizer': tf_keras.regularizers.get,
  }
  return {
      key: makers.get(key.rsplit('_', 1)[-1], lambda x: x)(value)
      for key, value in config.items()
  }


class _Classifier(classification_model.ClassificationModel):
  """Official Models' classifier, which can be made again from its config.

  Upstream's `from_config` takes the config of the backbone for the backbone,
  and no backbone says the shape of its images.
  """

  @classmethod
  def from_config(
      cls, config: Mapping[str, Any], custom_objects: Any = None
  ) -> tf_keras.Model:
    """See base class."""
    shape = config['input_specs']['config']['shape']
    if isinstance(shape, dict):  # Of a tuple, in a SavedModel.
      shape = shape['items']
    specs = tf_keras.layers.InputSpec(shape=shape)
    saved = config['backbone']
    name = saved.get('registered_name') or saved['class_name']
    make = tf_keras.saving.get_registered_object(name)
    if make is None:
      raise ValueError(f'its backbone {name} is none of Official Models')
    backbone = make(input_specs=specs, **_opened(saved['config']))
    others = {**config, 'backbone': backbone, 'input_specs': specs}
    return cls(name='classification_model', **_opened(others))


def _saved_classifier(path: str) -> tf_keras.Model | None:
  """Returns the official classifier in a SavedModel, which Keras cannot load.

  Args:
    path: The folder.

  Returns:
    The model, or None if the folder holds another one.

  Raises:
    ValueError: What Official Models saves of itself does not make it again.
  """
  if not tf.io.gfile.exists(f'{path}/keras_metadata.pb'):
    return None
  metadata = saved_metadata_pb2.SavedMetadata()
  with tf.io.gfile.GFile(f'{path}/keras_metadata.pb', 'rb') as stream:
    metadata.ParseFromString(stream.read())
  root = json.loads(metadata.nodes[0].metadata)
  if root.get('class_name') != _CLASSIFIER:
    return None
  model = _Classifier.from_config(root['config'])
  model.load_weights(path).assert_existing_objects_matched()
  signature = tf.saved_model.load(path).signatures['serving_default']
  random = np.random.default_rng(0)
  shape = [2, *(size or 32 for size in model.input_shape[1:])]
  images = random.normal(size=shape).astype(np.float32)
  (expected,) = signature(tf.constant(images)).values()
  difference = np.abs(expected - model(images, training=False)).max()
  if difference > _TOLERANCE * np.abs(expected).max():
    raise ValueError(f'made again from its config, it differs by {difference}')
  return model


def load(path: str) -> tf_keras.Model:
  """Returns the model at a path.

  Args:
    path: A `.keras` file, or the folder of a SavedModel that Keras has written.
      Official Models' classifiers are known, on any of its backbones.

  Returns:
    The model, not compiled.

  Raises:
    errors.InputError: There is none, or it is not one of Keras.
  """
  if not tf.io.gfile.exists(path):
    raise errors.InputError(f'no model at {path}')
  try:
    model = _saved_classifier(path)
    if model is None:
      with tf_keras.saving.custom_object_scope({_CLASSIFIER: _Classifier}):
        model = tf_keras.models.load_model(path, compile=False)
  # Keras and the archive formats below it fail in many ways.
  except Exception as error:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise errors.InputError(
        f'{path} is no Keras model: {first}; save it with model.save(...)'
    ) from error
  if not isinstance(model, tf_keras.Model) or not model.inputs:
    raise errors.InputError(
        f'{path} is a SavedModel without its Keras layers: save it with'
        ' model.save(...), not tf.saved_model.save'
    )
  return model
