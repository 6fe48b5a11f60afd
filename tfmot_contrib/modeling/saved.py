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

import tensorflow as tf, tf_keras

from official.vision.modeling import classification_model  # pylint: disable=unused-import
from tfmot_contrib import errors


def load(path: str) -> tf_keras.Model:
  """Returns the model at a path.

  Args:
    path: A `.keras` file, or the folder of a SavedModel that Keras has written.
      The layers of Official Models are known.

  Returns:
    The model, not compiled.

  Raises:
    errors.InputError: There is none, or it is not one of Keras.
  """
  if not tf.io.gfile.exists(path):
    raise errors.InputError(f'no model at {path}')
  try:
    model = tf_keras.models.load_model(path, compile=False)
  # Keras and the archive formats below it fail in many ways.
  except Exception as error:
    first = str(error).strip().splitlines()[0]
    raise errors.InputError(
        f'{path} is no Keras model: {first}; save it with model.save(...)'
    ) from error
  if not isinstance(model, tf_keras.Model) or not model.inputs:
    raise errors.InputError(
        f'{path} is a SavedModel without its Keras layers: save it with'
        ' model.save(...), not tf.saved_model.save'
    )
  return model
