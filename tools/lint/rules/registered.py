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

"""Experiments and tasks: registered, reachable, and named once."""

import ast
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_ON = ('tfmot_contrib/**/*.py', 'official/**/*.py')
_START = 'tfmot_contrib/registry_imports.py'
_REGISTERS = ('register_config_factory', 'register_task_cls', 'register')
_EXPERIMENT = """\
from official.core import config_definitions as cfg
from official.core import exp_factory


@exp_factory.register_config_factory('{}')
def experiment() -> cfg.ExperimentConfig:
  return cfg.ExperimentConfig()
"""
_GOOD = headers.example(_EXPERIMENT.format('a_cifar10'))
_IMPORTS = headers.example('from tfmot_contrib.a import experiments\n')


def _calls(file: tree.File, *names: str) -> list[ast.Call]:
  """Returns the calls of functions that end with one of some names."""
  return [
      node
      for node in file.nodes
      if isinstance(node, ast.Call)
      and (
          tree.dotted(node.func).rpartition('.')[2] in names
          or isinstance(node.func, ast.Attribute)
          and node.func.attr in names
      )
  ]


def _registers(file: tree.File) -> list[ast.Call]:
  """Returns the calls that register an experiment or a task."""
  return [
      call
      for call in _calls(file, *_REGISTERS)
      if not tree.dotted(call.func).startswith(('atexit', 'jax', 'flags'))
  ]


@registry.file_rule(
    'registered-config',
    on=_ON,
    skip=('**/*_test.py', 'official/core/**'),
    source=registry.STYLE,
    bad=registry.texts(
        (
            'tfmot_contrib/a/a.py',
            headers.example(
                'from official.core import config_definitions as cfg\n\n\n'
                'def lonely() -> cfg.ExperimentConfig:\n'
                '  return cfg.ExperimentConfig()\n'
            ),
        ),
        (
            'tfmot_contrib/a/b.py',
            headers.example(
                'from official.core import config_definitions as cfg\n\n\n'
                'def lonely():\n'
                "  config = cfg.ExperimentConfig(task='a')\n"
                '  return config\n'
            ),
        ),
    ),
    good=registry.texts(('tfmot_contrib/a/experiments.py', _GOOD)),
)
def check_registered_config(file: tree.File) -> Iterator[tuple[int, str]]:
  """A function that makes an ExperimentConfig of nothing is registered.

  Otherwise no flag of the driver finds the experiment. Functions with arguments
  are helpers of those that are registered.
  """
  for node in file.syntax.body if file.syntax else ():
    if not isinstance(node, ast.FunctionDef) or node.name.startswith('_'):
      continue
    arguments = node.args
    if arguments.args or arguments.kwonlyargs or arguments.vararg:
      continue
    makes = any(
        tree.dotted(call.func).endswith('cfg.ExperimentConfig')
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    )
    decorated = any(
        isinstance(d, ast.Call)
        and tree.dotted(d.func).endswith('register_config_factory')
        for d in node.decorator_list
    )
    if makes and not decorated:
      yield node.lineno, f'{node.name} is not registered with exp_factory'


@registry.project_rule(
    'registry-reachable',
    on=('tfmot_contrib/**/*.py', 'tfmot_contrib/techniques.bzl'),
    source=registry.STYLE,
    bad=(
        {'tfmot_contrib/a/experiments.py': _GOOD, _START: headers.example('')},
        {
            'tfmot_contrib/a/experiments.py': _GOOD,
            'tfmot_contrib/b/experiments.py': headers.example(
                _EXPERIMENT.format('b_cifar10')
            ),
            _START: _IMPORTS,
        },
    ),
    good=({'tfmot_contrib/a/experiments.py': _GOOD, _START: _IMPORTS},),
)
def check_registry_reachable(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """`registry_imports.py` reaches every module that registers something.

  What is not imported is not registered, and the driver does not know it.
  """
  reached = project.closure(_START)
  for file in project.glob('tfmot_contrib/**/*.py'):
    if file.path.endswith('_test.py') or file.path in reached:
      continue
    for call in _registers(file):
      yield file.path, call.lineno, f'{_START} does not reach this module'
      break


def _names(file: tree.File) -> Iterator[tuple[int, str, str]]:
  """Yields line, kind and name of what a file registers by a fixed name."""
  for call in _registers(file):
    if call.args and isinstance(call.args[0], ast.Constant):
      kind = tree.dotted(call.func).rpartition('.')[2] or call.func.attr
      yield call.lineno, kind, str(call.args[0].value)
  for call in _calls(file, 'fine_tuning'):
    if call.args and isinstance(call.args[0], ast.Constant):
      yield call.lineno, 'register', str(call.args[0].value)


@registry.project_rule(
    'unique-experiment',
    on=_ON,
    source=registry.STYLE,
    bad=(
        {
            'tfmot_contrib/a/experiments.py': _GOOD,
            'tfmot_contrib/b/experiments.py': _GOOD,
        },
        {
            'tfmot_contrib/a/experiments.py': headers.example(
                "RECIPE.register('prune', A)\n"
            ),
            'tfmot_contrib/b/experiments.py': headers.example(
                "RECIPE.register('prune', B)\n"
            ),
        },
    ),
    good=(
        {
            'tfmot_contrib/a/experiments.py': _GOOD,
            'tfmot_contrib/b/experiments.py': headers.example(
                _EXPERIMENT.format('b_cifar10')
            ),
        },
    ),
)
def check_unique_experiment(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """An experiment has a name of its own.

  The registry refuses a second one, in whichever process imports both.
  """
  seen: dict[tuple[str, str], str] = {}
  for file in project.glob(*_ON):
    if file.path.endswith('_test.py'):
      continue
    for line, kind, name in _names(file):
      place = seen.setdefault((kind, name), f'{file.path}:{line}')
      if place != f'{file.path}:{line}':
        yield file.path, line, f'{name} is registered at {place} too'


_TASK = """\
from official.core import base_task
from official.core import task_factory


@task_factory.register_task_cls(object)
class Task({}):
  pass
"""


@registry.file_rule(
    'task-base',
    on=_ON,
    skip=('**/*_test.py',),
    source=registry.STYLE,
    bad=registry.texts(
        ('tfmot_contrib/a.py', headers.example(_TASK.format('object'))),
        ('tfmot_contrib/b.py', headers.example(_TASK.format('dict'))),
    ),
    good=registry.texts(
        ('tfmot_contrib/a.py', headers.example(_TASK.format('base_task.Task')))
    ),
)
def check_task_base(file: tree.File) -> Iterator[tuple[int, str]]:
  """A registered task is a `base_task.Task`, or a task that is one.

  The trainer calls what that class defines.
  """
  for node in file.nodes:
    if isinstance(node, ast.ClassDef) and any(
        isinstance(d, ast.Call)
        and tree.dotted(d.func).endswith('register_task_cls')
        for d in node.decorator_list
    ):
      bases = [tree.dotted(base) for base in node.bases]
      if not any('task' in base.lower() for base in bases):
        yield node.lineno, f'{node.name} is no base_task.Task'
