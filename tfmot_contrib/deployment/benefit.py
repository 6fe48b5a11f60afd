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

"""Measures what deployment gains from an exported model."""

import gzip
import time
from typing import Any, Sequence

import numpy as np
import tensorflow as tf

from tfmot_contrib import errors
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.deployment import ranges

_BATCH = 100
_WARM_UP = 10


def _interpreter(model: bytes, batch: int, threads: int) -> Any:
  """Returns the real TFLite interpreter, ready for `batch` images."""
  try:
    interpreter = tf.lite.Interpreter(model_content=model, num_threads=threads)
    index = interpreter.get_input_details()[0]['index']
    shape = interpreter.get_input_details()[0]['shape']
    interpreter.resize_tensor_input(index, [batch, *shape[1:]])
    interpreter.allocate_tensors()
  except (ValueError, RuntimeError) as error:
    raise errors.InputError(
        f'the TFLite interpreter refuses the model: {error}'
    ) from error
  return interpreter


def _quantized(images: np.ndarray, details: dict[str, Any]) -> np.ndarray:
  """Returns float images as the model's input type."""
  if details['dtype'] == np.float32:
    return images
  scale, zero_point = details['quantization']
  limits = np.iinfo(details['dtype'])
  steps = np.round(images / scale) + zero_point
  return np.clip(steps, limits.min, limits.max).astype(details['dtype'])


def _floats(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
  """Returns outputs of the model's type as floats."""
  if details['dtype'] == np.float32:
    return values
  scale, zero_point = details['quantization']
  return (scale * (values.astype(np.float32) - zero_point)).astype(np.float32)


def logits(model: bytes, images: np.ndarray, threads: int = 1) -> np.ndarray:
  """Returns what an exported model says, by the real interpreter.

  Args:
    model: The contents of a `.tflite` file.
    images: What to classify, normalized, float32 [n, h, w, c].
    threads: Of the interpreter.

  Returns:
    Logits, float32 [n, classes].

  Raises:
    errors.InputError: The interpreter refuses the model.
  """
  said = []
  interpreter = None
  for start in range(0, len(images), _BATCH):
    batch = images[start : start + _BATCH]
    if interpreter is None or len(batch) != _BATCH:
      interpreter = _interpreter(model, len(batch), threads)
    source = interpreter.get_input_details()[0]
    interpreter.set_tensor(source['index'], _quantized(batch, source))
    interpreter.invoke()
    target = interpreter.get_output_details()[0]
    said.append(_floats(interpreter.get_tensor(target['index']), target))
  return np.concatenate(said)


def accuracy(said: np.ndarray, labels: np.ndarray) -> float:
  """Returns the top-1 accuracy of logits [n, classes], in percent."""
  return 100.0 * int(np.sum(np.argmax(said, axis=-1) == labels)) / len(labels)


def against_keras(said: np.ndarray, keras: np.ndarray) -> dict[str, float]:
  """Compares what an exported model says with what the Keras model said.

  Args:
    said: Logits of the exported model, float32 [n, classes].
    keras: Those of the Keras model for the first m of the same images,
      float32 [m, classes].

  Returns:
    `disagreement`, for how many images, in percent, the two have another first
    choice; and `logit_gap`, the root mean square of the differences as a share
    of that of the Keras model's logits, each about the mean of its image.
  """
  said = said[: len(keras)]
  other = np.argmax(said, axis=-1) != np.argmax(keras, axis=-1)
  said, keras = (x - np.mean(x, axis=-1, keepdims=True) for x in (said, keras))
  gap = np.sqrt(np.mean(np.square(said - keras)) / np.mean(np.square(keras)))
  return {
      'disagreement': round(100 * float(np.mean(other)), 4),
      'logit_gap': round(float(gap), 6),
  }


def latency(
    model: bytes, baseline: bytes, repeats: int = 100, threads: int = 1
) -> dict[str, Any]:
  """Times the interpreter on single images, in turns with another model.

  Args:
    model: The contents of a `.tflite` file.
    baseline: Those of the model to compare with.
    repeats: How often to time each.
    threads: Of the interpreter.

  Returns:
    `median_ms`, `quartiles_ms` (the spread), `repeats` and `threads`; and
    `times_faster`, the median of how much longer the baseline took, turn by
    turn.
  """
  runners = [_interpreter(m, 1, threads) for m in (model, baseline)]
  times = np.zeros([_WARM_UP + repeats, len(runners)])
  for i in range(len(times)):
    for j, runner in enumerate(runners):
      start = time.perf_counter()
      runner.invoke()
      times[i, j] = (time.perf_counter() - start) * 1e3
  times = times[_WARM_UP:]
  low, median, high = np.percentile(times[:, 0], [25, 50, 75]).round(4).tolist()
  return {
      'median_ms': median,
      'quartiles_ms': [low, high],
      'times_faster': round(float(np.median(times[:, 1] / times[:, 0])), 3),
      'repeats': repeats,
      'threads': threads,
  }


def measure(
    model: bytes,
    examples: cifar10_input.Examples,
    keras: np.ndarray,
    baseline: bytes,
    layers: Sequence[str],
) -> dict[str, Any]:
  """Returns all that is measured of an exported model.

  Args:
    model: The contents of a `.tflite` file.
    examples: The test set.
    keras: What the Keras model said of its first images, float32 [m, classes].
    baseline: The `.tflite` file whose latency is compared.
    layers: The names of the layers of the model's kernels, in their order.

  Returns:
    Accuracy in percent, how the model differs from Keras, sizes in bytes
    (`gzip_bytes` is the documented "size"), kernels with their zeros and
    distinct values, scales, operators, the share of those that are integer,
    and latency.
  """
  kernels = flatbuffer.kernels(model)
  operators = flatbuffer.operator_counts(model)
  total = sum(count['total'] for count in operators.values())
  integer = sum(count['integer'] for count in operators.values())
  # One thread: while this measures, something else trains.
  said = logits(model, cifar10_input.normalize(examples.images), threads=1)
  return {
      'accuracy': accuracy(said, examples.labels),
      **against_keras(said, keras),
      'bytes': len(model),
      'gzip_bytes': len(gzip.compress(model, 9, mtime=0)),
      'kernels': [
          {
              'name': name,
              'operator': kernel.operator,
              'size': kernel.values.size,
              'zeros': kernel.zeros,
              'distinct': kernel.distinct,
              'distinct_per_channel': kernel.distinct_per_channel,
              'scales': kernel.scales,
          }
          for name, kernel in zip(layers, kernels, strict=True)
      ],
      **ranges.scales(model),
      'operators': operators,
      'integer_share': integer / total,
      'latency': latency(model, baseline),
  }
