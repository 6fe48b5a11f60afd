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

"""Looks, inside of an environment, at what of TFMOT works there.

Reads a list of symbols as JSON from standard input and prints, as the last line
of standard output, what it has found. It runs with any TFMOT, so it imports
nothing of this project.
"""

import contextlib
import importlib
import json
import platform
import re
import sys
from typing import Any

_TOP = 'tensorflow_model_optimization'


def _parameter_is_there(value: Any, parameter: str) -> bool:
  """Tells whether a function or class takes a parameter."""
  import inspect  # pylint: disable=g-import-not-at-top

  try:
    parameters = inspect.signature(value).parameters.values()
  except (TypeError, ValueError):
    return True
  return any(p.name == parameter or p.kind == p.VAR_KEYWORD for p in parameters)


def _is_there(top: Any, symbol: str) -> bool:
  """Tells whether a symbol can be had: by attributes, else by import."""
  name, _, parameter = symbol.removesuffix(')').partition('(')
  value, path = top, _TOP
  for part in name.split('.'):
    path += f'.{part}'
    if not hasattr(value, part):
      try:
        value = importlib.import_module(path)
        continue
      except ImportError:
        return False
    value = getattr(value, part)
  return not parameter or _parameter_is_there(value, parameter)


def _steps(symbols: list[str]) -> dict[str, Any]:
  """Runs the steps and returns what was found."""
  found: dict[str, Any] = {'python': platform.python_version()}
  step = 'import'
  try:
    top = importlib.import_module(_TOP)
    step = 'symbols'
    found['missing'] = [s for s in symbols if not _is_there(top, s)]
    if found['missing']:
      raise AttributeError(f'there is no {found["missing"][0]}')
    keras = importlib.import_module('tf_keras')

    def model():
      layers = [keras.layers.Dense(4, input_shape=(3,)), keras.layers.Dense(2)]
      return keras.Sequential(layers)

    step = 'pruning'
    top.sparsity.keras.strip_pruning(
        top.sparsity.keras.prune_low_magnitude(model())
    )
    step = 'clustering'
    init = top.clustering.keras.CentroidInitialization.LINEAR
    top.clustering.keras.strip_clustering(
        top.clustering.keras.cluster_weights(model(), 2, init)
    )
    step = 'quantization'
    top.quantization.keras.quantize_model(model())
  except Exception as error:  # pylint: disable=broad-exception-caught
    words = ' '.join(str(error).split())
    # Where the environment lies on this machine is nobody's business.
    words = re.sub(r'/\S*?/site-packages/', '', words)
    told = f'{type(error).__name__}: {words}'[:300]
    return {**found, 'passes': False, 'step': step, 'error': told}
  return {**found, 'passes': True}


def main() -> None:
  """Prints what was found."""
  with contextlib.redirect_stdout(sys.stderr):
    found = _steps(json.load(sys.stdin))
  print(json.dumps(found))


if __name__ == '__main__':
  main()
