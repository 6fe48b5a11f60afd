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

"""Loads configs into experiments: the process of the lint with TensorFlow.

Reads from standard input `{"root": …, "configs": {PATH: [EXPERIMENT, …]}}` and
prints, as the last line, a message for each path that does not load.
"""

import importlib.util
import json
import os
import pathlib
import sys

from tfmot_contrib import errors
from tools.mirror import fork


def _official(root: pathlib.Path) -> None:
  """Makes Official Models importable: the mirror of the project's pin."""
  spec = importlib.util.find_spec('official')
  # The folder `official/` of a fresh clone has no code of its own.
  if spec is None or spec.origin is None:
    for folder in fork.packages(root).values():
      sys.path.append(str(folder.parent))


def main() -> None:
  """Answers one request."""
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  request = json.load(sys.stdin)
  root = pathlib.Path(request['root'])
  _official(pathlib.Path.cwd())
  # pylint: disable=import-outside-toplevel,unused-import
  from official.core import train_utils

  from tfmot_contrib import experiment
  from tfmot_contrib import registry_imports

  found: dict[str, str] = {}
  for path, names in request['configs'].items():
    for name in names:
      options = train_utils.ParseConfigOptions(
          experiment=name, config_file=[str(root / path)]
      )
      try:
        experiment.parse(options)
      except errors.InputError as error:
        message = errors.one_line(error).replace(str(root), '.')
        found.setdefault(path, f'{name}: {message}')
      except Exception as error:  # pylint: disable=broad-exception-caught
        # Whatever a config makes Official Models raise is the config's fault.
        message = f'{name}: {type(error).__name__}: {errors.one_line(error)}'
        found.setdefault(path, message)
  print(json.dumps(found))


if __name__ == '__main__':
  main()
