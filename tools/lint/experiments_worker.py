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

"""Asks the registry of Official Models: the lint's process with TensorFlow.

Reads from standard input `{"configs": {PATH: [EXPERIMENT, …]}, "modules": […]}`
and prints, as the last line, paths, lines, messages and rules of what is wrong
with the configs and with what the modules register.
"""

import importlib
import importlib.util
import inspect
import json
import os
import pathlib
import re
import sys
import traceback
from typing import Any, Iterator

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tools.mirror import fork

_REGISTRY = 'tfmot_contrib/registry_imports.py'
_IMPORT = re.compile(r'(?m)^from (\S+) import (\w+)')
_Found = Iterator[tuple[str, int, str, str]]


def _official() -> None:
  """Makes Official Models importable: the mirror of the project's pin."""
  spec = importlib.util.find_spec('official')
  # The folder `official/` of a clone has no code of its own.
  if spec is None or spec.origin is None:
    for folder in fork.packages(pathlib.Path.cwd()).values():
      sys.path.append(str(folder.parent))


def _place(code: Any) -> tuple[str, int]:
  """Returns the path and the line of a function or a class."""
  path = os.path.relpath(inspect.getsourcefile(code) or '')
  return path, inspect.getsourcelines(code)[1]


def _load(module: str) -> _Found:
  """Imports a module, which may register what is registered already."""
  try:
    importlib.import_module(module)
  except Exception as error:  # pylint: disable=broad-exception-caught
    frames = traceback.extract_tb(error.__traceback__)
    at = [(f.filename, f.lineno) for f in frames if f.name == '<module>']
    path, line = at[-1] if at else (f'{module.replace(".", "/")}.py', 1)
    message = f'cannot be imported: {errors.one_line(error)}'
    yield os.path.relpath(path), line, message, 'unique-experiment'


def _module(module: str, factories: dict[str, Any], count: Any) -> _Found:
  """Imports a module, and yields what is wrong with its experiments."""
  before, reached = count(), module in sys.modules
  failed = list(_load(module))
  yield from failed
  if not reached and (failed or count() > before):
    path = f'{module.replace(".", "/")}.py'
    message = f'{_REGISTRY} does not reach this module'
    yield path, 1, message, 'registry-reachable'
  for name, function in vars(sys.modules.get(module, json)).items():
    if inspect.isfunction(function) and function.__module__ == module:
      makes = 'ExperimentConfig' in function.__code__.co_names
      helps = name.startswith('_') or inspect.signature(function).parameters
      if makes and not helps and function not in factories.values():
        message = f'{name} is not registered with exp_factory'
        yield *_place(function), message, 'registered-config'


def _config(path: str, names: list[str], parse: Any) -> _Found:
  """Yields what keeps a config from loading into its experiments."""
  for name in names:
    try:
      parse(name, path)
    except Exception as error:  # pylint: disable=broad-exception-caught
      # Whatever a config makes Official Models raise is the config's fault.
      key = str(error).split("'")[1:2]
      lines = pathlib.Path(path).read_text(encoding='utf-8').split('\n')
      at = [n for n, line in enumerate(lines, 1) if key and key[0] in line]
      message = f'{name}: {errors.one_line(error)}'
      yield path, (*at, 1)[0], message, 'config-loads'
      return


def main() -> None:
  """Answers one request."""
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  request = json.load(sys.stdin)
  _official()
  # pylint: disable=import-outside-toplevel,protected-access
  from official.core import base_task
  from official.core import exp_factory
  from official.core import task_factory
  from official.core import train_utils
  from tfmot_contrib import experiment

  factories = exp_factory._REGISTERED_CONFIGS
  tasks = task_factory._REGISTERED_TASK_CLS
  found: list[Any] = []
  # Each import for itself: one that fails must not keep the others away.
  text = pathlib.Path(_REGISTRY).read_text(encoding='utf-8')
  listed = [(f'tfmot_contrib.{x}', 'experiments') for x in techniques.names()]
  for names in [*_IMPORT.findall(text), *listed]:
    found += _load('.'.join(names))

  def parse(name: str, path: str) -> None:
    experiment.parse(
        train_utils.ParseConfigOptions(experiment=name, config_file=[path])
    )

  for path, names in request['configs'].items():
    found += _config(path, names, parse)
  for module in request['modules']:
    found += _module(module, factories, lambda: len(factories) + len(tasks))
  for task in tasks.values():
    if not issubclass(task, base_task.Task):
      message = f'{task.__name__} is no base_task.Task'
      found.append((*_place(task), message, 'task-base'))
  print(json.dumps(found))


if __name__ == '__main__':
  main()
