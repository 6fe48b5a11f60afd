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

"""YAML configs against the experiments that they are for."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any, Iterator

from tfmot_contrib import errors
from tools.lint import registry
from tools.lint import tree
from tools.versions import bootstrap

_CONFIGS = 'tfmot_contrib/*/configs/*.yaml'
_WORKER = 'tools.lint.configs_worker'


def pairs(project: tree.Project) -> dict[str, list[str]]:
  """Returns the configs and the experiments that each must fit.

  Args:
    project: The project.

  Returns:
    By path, the experiments of the convergence tests that name the config. One
    that no test names, such as smoke.yaml, must fit those of all tests of its
    folder.
  """
  named: dict[str, list[str]] = {}
  folder: dict[str, list[str]] = {}
  for rule in project.build:
    experiment = rule.attributes.get('experiment')
    if rule.kind in ('convergence_test', 'control') and experiment:
      folder.setdefault(rule.package, []).append(experiment)
      if config := rule.attributes.get('config'):
        named.setdefault(f'{rule.package}/{config}', []).append(experiment)
  return {
      file.path: sorted(
          set(
              named.get(file.path)
              or folder.get(file.folder.removesuffix('/configs'), [])
          )
      )
      for file in project.glob(_CONFIGS)
  }


def _path(home: pathlib.Path) -> str:
  """Returns a search path of Python with a folder first."""
  before = os.environ.get('PYTHONPATH', '')
  return os.pathsep.join(filter(None, [str(home), before]))


def ask(project: tree.Project, wanted: dict[str, list[str]]) -> dict[str, str]:
  """Returns the errors of configs, by path, from a process with TensorFlow.

  Args:
    project: The project.
    wanted: Experiments by config.

  Returns:
    A message for each config that does not fit.

  Raises:
    errors.InputError: The process cannot import the experiments.
  """
  request = {'root': str(project.root.resolve()), 'configs': wanted}
  own = f'{_WORKER.replace(".", "/")}.py' in project.files
  home = project.root if own else bootstrap.ROOT
  done = subprocess.run(
      [sys.executable, '-m', _WORKER],
      input=json.dumps(request),
      cwd=home,
      env={**os.environ, 'PYTHONPATH': _path(home)},
      capture_output=True,
      text=True,
      check=False,
  )
  try:
    answer: Any = json.loads(done.stdout.strip().splitlines()[-1])
  except (ValueError, IndexError) as error:
    said = ' | '.join(done.stderr.strip().splitlines()[-3:])
    raise errors.InputError(f'loading the configs failed: {said}') from error
  return answer


_BUILD = """\
convergence_test(
    name = "t",
    config = "configs/a.yaml",
    experiment = "resnet_cifar10_pruning",
)
"""


@registry.project_rule(
    'config-loads',
    on=(
        _CONFIGS,
        'tfmot_contrib/*/BUILD',
        'tfmot_contrib/**/*.py',
        'official/upstream.lock',
        'pyproject.toml',
        'tools/lint/configs_worker.py',
    ),
    slow=True,
    source=registry.STYLE,
    bad=(
        {
            'tfmot_contrib/pruning/BUILD': _BUILD,
            'tfmot_contrib/pruning/configs/a.yaml': (
                'task:\n  technique:\n    sparsety: 0.5\n'
            ),
        },
        {
            'tfmot_contrib/pruning/BUILD': _BUILD,
            'tfmot_contrib/pruning/configs/a.yaml': (
                'trainer:\n  train_stepz: 3\n'
            ),
        },
        {'tfmot_contrib/a/configs/a.yaml': 'task:\n  model: {}\n'},
    ),
    good=(
        {
            'tfmot_contrib/pruning/BUILD': _BUILD,
            'tfmot_contrib/pruning/configs/a.yaml': (
                'trainer:\n  train_steps: 3\n'
            ),
        },
    ),
)
def check_config_loads(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Every YAML config loads into the ExperimentConfig that it is for.

  A key that is misspelled is found here, and not when a training starts.
  """
  wanted = pairs(project)
  for path, experiments in wanted.items():
    if not experiments:
      yield path, 1, 'no convergence_test of its BUILD file uses it'
  wanted = {path: names for path, names in wanted.items() if names}
  if not wanted:
    return
  for path, message in sorted(ask(project, wanted).items()):
    words = message.split("'")
    key = words[1] if len(words) > 1 else ''
    line = project.files[path].line_of(f'{key}:') if key else 1
    yield path, line, message
