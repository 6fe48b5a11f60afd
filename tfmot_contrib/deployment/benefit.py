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


def accuracy(
    model: bytes, examples: cifar10_input.Examples, threads: int = 1
) -> float:
  """Returns the top-1 accuracy of an exported model, by the real interpreter.

  Args:
    model: The contents of a `.tflite` file.
    examples: What to classify, whole.
    threads: Of the interpreter.

  Returns:
    The share that is right, in percent.
  """
  right = 0
  interpreter = None
  for start in range(0, len(examples.labels), _BATCH):
    labels = examples.labels[start : start + _BATCH]
    if interpreter is None or len(labels) != _BATCH:
      interpreter = _interpreter(model, len(labels), threads)
    images = examples.images[start : start + _BATCH]
    details = interpreter.get_input_details()[0]
    interpreter.set_tensor(
        details['index'],
        _quantized(cifar10_input.normalize(images), details),
    )
    interpreter.invoke()
    logits = interpreter.get_tensor(
        interpreter.get_output_details()[0]['index']
    )
    right += int(np.sum(np.argmax(logits, axis=-1) == labels))
  return 100.0 * right / len(examples.labels)


def latency(
    model: bytes, reference: bytes, repeats: int = 100, threads: int = 1
) -> dict[str, Any]:
  """Times the interpreter on single images, in turns with another model.

  Args:
    model: The contents of a `.tflite` file.
    reference: Those of the model to compare with.
    repeats: How often to time each.
    threads: Of the interpreter.

  Returns:
    `median_ms`, `quartiles_ms` (the spread), `repeats` and `threads`; and
    `times_faster`, the median of how much longer the reference took, turn by
    turn.
  """
  runners = [_interpreter(m, 1, threads) for m in (model, reference)]
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
    reference: bytes,
    layers: Sequence[str],
) -> dict[str, Any]:
  """Returns all that is measured of an exported model.

  Args:
    model: The contents of a `.tflite` file.
    examples: The test set.
    reference: The `.tflite` file whose latency is compared.
    layers: The names of the layers of the model's kernels, in their order.

  Returns:
    Accuracy in percent, sizes in bytes (`gzip_bytes` is the documented "size"),
    kernels with their zeros and distinct values, operators, the share of those
    that are integer, and latency.
  """
  kernels = flatbuffer.kernels(model)
  operators = flatbuffer.operator_counts(model)
  total = sum(count['total'] for count in operators.values())
  integer = sum(count['integer'] for count in operators.values())
  return {
      # One thread: while this measures, something else trains.
      'accuracy': accuracy(model, examples, threads=1),
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
      'operators': operators,
      'integer_share': integer / total,
      'latency': latency(model, reference),
  }
