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

"""Training goes through Official Models: its trainer, tasks and strategies."""

import ast
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_ON = ('tfmot_contrib/**/*.py', 'official/**/*.py')
_SKIP = ('**/*_test.py',)
_STRATEGIES = (
    'MirroredStrategy',
    'MultiWorkerMirroredStrategy',
    'OneDeviceStrategy',
    'ParameterServerStrategy',
    'TPUStrategy',
)
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_TAPE = """\
import tensorflow as tf


class Task:

  def {}(self, inputs, model):
    with tf.GradientTape() as tape:
      loss = model(inputs)
    return tape.gradient(loss, model.trainable_variables)
"""
_SCOPE = """\
from official.core import task_factory


def run(strategy, params):
  with strategy.scope():
    return task_factory.get_task(params.task)
"""


def _inside(
    node: ast.AST, outer: tuple[ast.AST, ...] = ()
) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
  """Yields all nodes with the nodes that they are in, the outermost first."""
  yield node, outer
  for child in ast.iter_child_nodes(node):
    yield from _inside(child, (*outer, node))


@registry.file_rule(
    'gradient-tape',
    on=_ON,
    skip=_SKIP,
    source=registry.STYLE,
    bad=registry.texts(
        ('tfmot_contrib/a.py', headers.example(_TAPE.format('fit'))),
        (
            'tfmot_contrib/b.py',
            headers.example(
                'import tensorflow as tf\n\nTAPE = tf.GradientTape()\n'
            ),
        ),
    ),
    good=registry.texts(
        ('tfmot_contrib/a.py', headers.example(_TAPE.format('train_step')))
    ),
)
def check_gradient_tape(file: tree.File) -> Iterator[tuple[int, str]]:
  """No training loop of one's own: GradientTape only in `train_step`.

  Orbit's trainer calls it, with distribution, mixed precision and checkpoints;
  a loop of one's own has none of them.
  """
  if 'GradientTape' not in file.text or not file.syntax:
    return
  for node, outer in _inside(file.syntax):
    if tree.dotted(node).rpartition('.')[2] != 'GradientTape':
      continue
    names = {n.name for n in outer if isinstance(n, _FUNCTION)}
    if not any(name.endswith('train_step') for name in names):
      yield node.lineno, 'GradientTape outside of train_step'


@registry.file_rule(
    'task-scope',
    on=_ON,
    skip=_SKIP,
    source=registry.STYLE,
    bad=registry.texts(
        (
            'tfmot_contrib/a.py',
            headers.example(_SCOPE.replace('strategy.scope()', 'open("a")')),
        ),
        (
            'tfmot_contrib/b.py',
            headers.example(
                'from official.core import task_factory\n\n\ndef run(params):\n'
                '  return task_factory.get_task(params.task)\n'
            ),
        ),
    ),
    good=registry.texts(('tfmot_contrib/a.py', headers.example(_SCOPE))),
)
def check_task_scope(file: tree.File) -> Iterator[tuple[int, str]]:
  """A task is made inside `strategy.scope()`.

  A variable that it makes outside is on one device, and training on several
  fails or goes another way.
  """
  if 'get_task(' not in file.text or not file.syntax:
    return
  for node, outer in _inside(file.syntax):
    called = tree.dotted(node.func) if isinstance(node, ast.Call) else ''
    if called != 'task_factory.get_task':
      continue
    scopes = [
        item.context_expr
        for block in outer
        if isinstance(block, ast.With)
        for item in block.items
    ]
    if not any(
        isinstance(scope, ast.Call)
        and tree.dotted(scope.func).endswith('.scope')
        for scope in scopes
    ):
      yield node.lineno, 'the task is made outside of strategy.scope()'


@registry.file_rule(
    'strategy-source',
    on=_ON,
    skip=(*_SKIP, 'official/common/distribute_utils.py'),
    source=registry.STYLE,
    bad=registry.texts(
        (
            'tfmot_contrib/a.py',
            headers.example(
                'import tensorflow as tf\n\n'
                'STRATEGY = tf.distribute.MirroredStrategy()\n'
            ),
        ),
        (
            'tfmot_contrib/b.py',
            headers.example(
                'import tensorflow as tf\n\n'
                "S = tf.distribute.OneDeviceStrategy('cpu')\n"
            ),
        ),
    ),
    good=registry.texts(
        (
            'tfmot_contrib/a.py',
            headers.example(
                'from official.common import distribute_utils\n\n'
                'S = distribute_utils.get_distribution_strategy()\n'
            ),
        ),
    ),
)
def check_strategy_source(file: tree.File) -> Iterator[tuple[int, str]]:
  """A strategy comes from `distribute_utils`, which obeys the runtime config.

  One that is made by hand ignores the flags that a user gives.
  """
  for node in file.nodes:
    if isinstance(node, ast.Call):
      name = tree.dotted(node.func)
      parts = name.split('.')
      if 'distribute' in parts and parts[-1] in _STRATEGIES:
        yield node.lineno, f'{name}: take it from distribute_utils'
