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

"""Runs one experiment: what the driver and the convergence runs share.

It is Official Models' `train_lib` with a seed that decides everything random,
the hooks of a technique, and bad input as one line. A training that was killed
goes on from its last checkpoint and ends as if nothing had happened.
"""

import difflib
import json
from typing import Any, Callable, Mapping

import orbit
import tensorflow as tf, tf_keras

from official.common import distribute_utils
from official.core import base_task
from official.core import config_definitions
from official.core import exp_factory
from official.core import task_factory
from official.core import train_lib
from official.core import train_utils
from official.modeling import hyperparams
from official.modeling import performance
from tfmot_contrib import errors


def parse(options: Any) -> config_definitions.ExperimentConfig:
  """Returns the experiment that flags ask for.

  Args:
    options: Flags of `official.common.flags`, or a
      `train_utils.ParseConfigOptions`.

  Returns:
    The validated and locked config.

  Raises:
    errors.InputError: The experiment, a file or an override is wrong.
  """
  try:
    exp_factory.get_exp_config(options.experiment)
  except LookupError as error:
    known = exp_factory._REGISTERED_CONFIGS  # pylint: disable=protected-access
    near = difflib.get_close_matches(options.experiment, known, 3, 0.3)
    raise errors.InputError(
        f'no experiment {options.experiment} is registered; the nearest names'
        f' are {", ".join(near)}'
    ) from error
  try:
    return train_utils.parse_configuration(options, print_return=False)
  except (KeyError, ValueError, TypeError, OSError, tf.errors.OpError) as error:
    raise errors.InputError(
        f'bad --config_file or --params_override for {options.experiment}:'
        f' {error}'
    ) from error


def _check_params(
    params: config_definitions.ExperimentConfig, model_dir: str
) -> None:
  """Refuses to go on in a folder that another experiment has begun."""
  path = f'{model_dir}/params.yaml'
  if not tf.train.latest_checkpoint(model_dir) or not tf.io.gfile.exists(path):
    return
  before = hyperparams.read_yaml_to_params_dict(path).as_dict()
  now = params.as_dict()
  # The trainer may change: a longer training goes on from a shorter one.
  for part in ('task', 'runtime'):
    # As JSON, since YAML has no tuples.
    if json.dumps(before.get(part), sort_keys=True) != json.dumps(
        now[part], sort_keys=True
    ):
      raise errors.InputError(
          f'{model_dir} holds a training with another {part} config: take'
          ' another --model_dir, or delete it'
      )


def train(
    params: config_definitions.ExperimentConfig,
    mode: str,
    model_dir: str,
    observe: Callable[[orbit.StandardTrainer], orbit.Action] | None = None,
) -> tuple[tf_keras.Model, Mapping[str, Any], base_task.Task]:
  """Runs an experiment.

  Args:
    params: The experiment.
    mode: As the flag of `official.common.flags`.
    model_dir: The folder for checkpoints, params.yaml and TensorBoard events.
    observe: Makes an action of the trainer before its first step; it is called
      after each inner loop and after the actions of the technique.

  Returns:
    The trained model, the metrics of the last evaluation if the mode has one,
    and the task.

  Raises:
    errors.InputError: The experiment, its data or its checkpoint is wrong.
  """
  tf_keras.utils.set_random_seed(params.task.train_data.seed or 0)
  tf.config.experimental.enable_op_determinism()
  if params.runtime.mixed_precision_dtype:
    performance.set_mixed_precision_policy(params.runtime.mixed_precision_dtype)
  if 'train' in mode:
    _check_params(params, model_dir)
    train_utils.serialize_config(params, model_dir)
  strategy = distribute_utils.get_distribution_strategy(
      distribution_strategy=params.runtime.distribution_strategy,
      all_reduce_alg=params.runtime.all_reduce_alg,
      num_gpus=params.runtime.num_gpus,
      tpu_address=params.runtime.tpu,
  )
  with strategy.scope():
    task = task_factory.get_task(params.task, logging_dir=model_dir)
    trainer = train_utils.create_trainer(
        params, task, train='train' in mode, evaluate='eval' in mode
    )
  technique = getattr(task, 'technique', None)
  actions = technique.train_actions(trainer.model) if technique else ()
  if observe and 'train' in mode:
    actions = [*actions, observe(trainer)]
  metrics: dict[str, Any] = {}

  def remember(output: orbit.runner.Output) -> None:
    metrics.update(output)

  model, _ = train_lib.run_experiment(
      distribution_strategy=strategy,
      task=task,
      mode=mode,
      params=params,
      model_dir=model_dir,
      trainer=trainer,
      train_actions=list(actions),
      eval_actions=[remember],
  )
  return model, metrics, task
