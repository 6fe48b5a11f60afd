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

"""Official Models as flat functional graphs of plain Keras layers.

TFMOT rewrites a model layer by layer, so it must see every convolution.
Official Models hides them in composite layers (`ResidualBlock`,
`Conv2DBNBlock`, …) and models inside models, on which TFMOT fails or, worse,
optimizes nothing. `flatten` opens all of them: it calls the `call` method of a
composite on symbolic inputs, which leaves its parts as nodes of the graph, and
repeats until nothing is composite. Raw TensorFlow operations become the Keras
layers that do the same. The result has equal outputs and the same weights.
"""

import collections
from collections.abc import Callable
from typing import Any

import tensorflow as tf, tf_keras

from tfmot_contrib import errors

_layers = tf_keras.layers
_MAX_NESTING = 16


def _is_tensor(value: Any) -> bool:
  return hasattr(value, '_keras_history')


def _nodes(outputs: Any) -> list[Any]:
  """Returns the calls of layers that lead to `outputs`, in their order."""
  order, seen = [], set()
  stack = [(tensor.node, False) for tensor in tf.nest.flatten(outputs)]
  while stack:
    node, ready = stack.pop()
    if ready:
      order.append(node)
    elif id(node) not in seen:
      seen.add(id(node))
      stack.append((node, True))
      stack.extend((tensor.node, False) for tensor in node.keras_inputs)
  return order


def _scale_or_combine(combine: type[_layers.Layer], scalar: str):
  """Returns a rule for an operation on two tensors or a tensor and a number."""

  def rule(name: str, x: Any, y: Any) -> Any:
    if _is_tensor(x) and _is_tensor(y):
      return combine(name=name)([x, y])
    tensor, number = (x, y) if _is_tensor(x) else (y, x)
    options = {'scale': 1.0, 'offset': 0.0, scalar: float(number)}
    return _layers.Rescaling(**options, name=name)(tensor)

  return rule


def _mean(name: str, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
  """Rule for a mean over the two spatial axes of NHWC."""
  axes = sorted(a % 4 for a in tf.nest.flatten(axis)) if axis else None
  if axes != [1, 2] or len(x.shape) != 4:
    raise errors.InputError(f'a mean over axes {axis} is no Keras layer')
  return _layers.GlobalAveragePooling2D(keepdims=keepdims, name=name)(x)


def _activation(function: str) -> Callable[..., Any]:
  """Returns a rule for an activation function."""
  return lambda name, x: _layers.Activation(function, name=name)(x)


_add = _scale_or_combine(_layers.Add, 'offset')
_multiply = _scale_or_combine(_layers.Multiply, 'scale')

# What does the work of a raw operation: by the symbol that Keras records for
# it, a function of a layer name and the operation's arguments.
_RULES: dict[str, Callable[..., Any]] = {
    '__operators__.add': _add,
    'convert_to_tensor': lambda name, x: x,
    'identity': lambda name, x: x,
    'math.add': _add,
    'math.multiply': _multiply,
    'math.reduce_mean': _mean,
    'math.sigmoid': _activation('sigmoid'),
    'nn.relu': lambda name, x: _layers.ReLU(name=name)(x),
    'nn.relu6': lambda name, x: _layers.ReLU(6.0, name=name)(x),
    'nn.silu': _activation('swish'),
}


def is_composite(layer: _layers.Layer) -> bool:
  """Tells whether a layer is made of other layers.

  Args:
    layer: Any Keras layer.

  Returns:
    True for models and for custom layers that call sublayers.
  """
  if isinstance(layer, tf_keras.Model):
    return True
  if type(layer).__module__.startswith('tf_keras.'):
    return False
  return len(list(layer._flatten_layers(include_self=False))) > 0


def _own_weights(layer: _layers.Layer) -> list[str]:
  """Returns the names of the weights that belong to no sublayer."""
  return [
      w.name
      for w in layer._trainable_weights + layer._non_trainable_weights
      if not isinstance(layer, tf_keras.Model)
  ]


class _Rebuild:
  """One walk over a functional graph that builds another beside it.

  Attributes:
    layers: The new layer for each old one that has weights.
  """

  def __init__(self, open_composites: bool, dtype: str | None = None):
    """Initializes the walk.

    Args:
      open_composites: Whether to open the composite layers one level and keep
        the others as they are, or to copy all layers, which are not composite.
      dtype: The policy of the copies. The default is that of each layer.
    """
    self._open = open_composites
    self._dtype = dtype
    self._names = collections.Counter()
    self.layers: dict[int, tuple[_layers.Layer, _layers.Layer]] = {}

  def _unique(self, name: str) -> str:
    """Returns `name`, or with a number if it is taken."""
    self._names[name] += 1
    count = self._names[name]
    return name if count == 1 else self._unique(f'{name}_{count - 1}')

  def _copy(self, layer: _layers.Layer) -> _layers.Layer:
    """Returns a new layer like `layer`; one with weights is made once."""
    if id(layer) in self.layers:
      return self.layers[id(layer)][1]
    name = self._unique(layer.name)
    config = {**layer.get_config(), 'name': name}
    if self._dtype:
      config['dtype'] = self._dtype
    if isinstance(layer, _layers.Activation):
      new = _layers.Activation(
          layer.activation, name=name, dtype=config['dtype']
      )
    else:
      new = type(layer).from_config(config)
    if layer.weights:
      self.layers[id(layer)] = (layer, new)
    return new

  def _apply(self, layer: _layers.Layer, args: Any, kwargs: Any) -> Any:
    """Returns what takes the place of `layer(*args, **kwargs)`."""
    kwargs = {k: v for k, v in kwargs.items() if k != 'training'}
    if self._open:
      if is_composite(layer):
        if own := _own_weights(layer):
          raise errors.InputError(f'it has weights of its own ({own[0]}, …)')
        return layer.call(*args, **kwargs)
      return layer(*args, **kwargs)
    symbol = getattr(layer, 'symbol', None)
    if symbol is None:
      return self._copy(layer)(*args, **kwargs)
    if symbol not in _RULES:
      raise errors.InputError(f'no Keras layer is known for tf.{symbol}')
    kwargs.pop('name', None)
    # A new layer computes as the operation did, whatever the policy is now.
    tensors = [x for x in tf.nest.flatten((args, kwargs)) if _is_tensor(x)]
    policy = tf_keras.mixed_precision.global_policy()
    tf_keras.mixed_precision.set_global_policy(
        self._dtype or tensors[0].dtype.name
    )
    try:
      return _RULES[symbol](self._unique(layer.name), *args, **kwargs)
    finally:
      tf_keras.mixed_precision.set_global_policy(policy)

  def __call__(self, inputs: list[Any], outputs: Any) -> tuple[list[Any], Any]:
    """Walks from `inputs` to `outputs` and returns the new ones.

    Args:
      inputs: The symbolic inputs of a functional graph.
      outputs: Its symbolic outputs, in any structure.

    Returns:
      The inputs and outputs of the new graph.

    Raises:
      errors.InputError: A layer cannot be opened or copied.
    """
    new_of = {}
    new_inputs = []
    for old in inputs:
      name = self._unique(old.node.layer.name)
      new = tf_keras.Input(old.shape[1:], dtype=old.dtype, name=name)
      new_of[id(old)] = new
      new_inputs.append(new)

    def renew(value: Any) -> Any:
      return new_of[id(value)] if _is_tensor(value) else value

    for node in _nodes(outputs):
      if node.is_input:
        continue
      args = tf.nest.map_structure(renew, node.call_args)
      kwargs = tf.nest.map_structure(renew, node.call_kwargs)
      try:
        new_outputs = self._apply(node.layer, args, kwargs)
      except (TypeError, ValueError, NotImplementedError) as error:
        raise errors.InputError(
            f'cannot flatten the layer {node.layer.name} '
            f'({type(node.layer).__name__}): {error}; add a rule for it to '
            'tfmot_contrib/modeling/flatten.py'
        ) from error
      for old, new in zip(
          tf.nest.flatten(node.outputs),
          tf.nest.flatten(new_outputs),
          strict=True,
      ):
        new_of[id(old)] = new
    return new_inputs, tf.nest.map_structure(renew, outputs)


def flatten(model: tf_keras.Model, dtype: str | None = None) -> tf_keras.Model:
  """Returns `model` as one flat functional graph of plain Keras layers.

  The layers of the result are new: nothing that is done to it (TFMOT's wrappers
  reuse the layers they are given) touches `model`.

  Args:
    model: A built functional model, such as Official Models'
      `ClassificationModel` with any of its backbones. Images are NHWC.
    dtype: The policy of the new layers, such as `float32` to export a model
      that was trained in mixed precision. The default keeps each layer's.

  Returns:
    A model with equal outputs and a copy of the weights.

  Raises:
    errors.InputError: A layer cannot be expanded. The message names it.
  """
  inputs, outputs = model.inputs, model._nested_outputs
  for _ in range(_MAX_NESTING):
    if not any(is_composite(node.layer) for node in _nodes(outputs)):
      break
    inputs, outputs = _Rebuild(open_composites=True)(inputs, outputs)
  else:
    raise errors.InputError(
        f'{model.name} is nested more than {_MAX_NESTING} levels deep'
    )
  rebuild = _Rebuild(open_composites=False, dtype=dtype)
  flat = tf_keras.Model(*rebuild(inputs, outputs), name=model.name)
  for old, new in rebuild.layers.values():
    new.set_weights(old.get_weights())
  return flat
