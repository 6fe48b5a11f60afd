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

"""The config of magnitude pruning, and what it is to TFMOT."""

import dataclasses
from typing import Any, Sequence

import tensorflow_model_optimization as tfmot

from tfmot_contrib import errors
from tfmot_contrib import technique


@dataclasses.dataclass
class PruningConfig(technique.TechniqueConfig):
  """Config of magnitude pruning.

  Attributes:
    schedule: `constant` or `polynomial`.
    final_sparsity: The share of zeros in each pruned kernel at the end.
    initial_sparsity: Where the polynomial schedule begins.
    begin_step: The first step that prunes (TFMOT needs 1 or more).
    end_step: The last step at which masks change; then they are fixed.
    frequency: Steps from one change of the masks to the next.
    sparsity_m_by_n: [m, n] for m zeros in each n neighbouring input channels,
      chosen at step 1 whatever the schedule.
    block_size: [input channels, output channels] of the blocks that are zero as
      a whole.
    for_xnnpack: Whether to rewrite the model for XNNPACK's sparse inference and
      prune what that can use.
  """

  schedule: str = 'polynomial'
  final_sparsity: float = 0.5
  initial_sparsity: float = 0.0
  begin_step: int = 1
  end_step: int = 1
  frequency: int = 1
  sparsity_m_by_n: Sequence[int] = ()
  block_size: Sequence[int] = (1, 1)
  for_xnnpack: bool = False


def schedule(config: PruningConfig) -> Any:
  """Returns TFMOT's schedule.

  Args:
    config: The config.

  Returns:
    A `tfmot.sparsity.keras.PruningSchedule`.

  Raises:
    errors.InputError: The config makes no schedule.
  """
  keras = tfmot.sparsity.keras
  common = {
      'begin_step': config.begin_step,
      'end_step': config.end_step,
      'frequency': config.frequency,
  }
  try:
    if config.schedule == 'constant':
      return keras.ConstantSparsity(config.final_sparsity, **common)
    if config.schedule == 'polynomial':
      # TFMOT itself says that a frequency of 0 is wrong.
      frequency = max(config.frequency, 1)
      if (config.end_step - config.begin_step) % frequency:
        raise ValueError(
            'end_step - begin_step is no multiple of frequency,'
            ' so the final sparsity would not be reached'
        )
      return keras.PolynomialDecay(
          config.initial_sparsity, config.final_sparsity, **common
      )
  except ValueError as error:
    raise errors.InputError(f'bad task.technique: {error}') from error
  raise errors.InputError(
      f'task.technique.schedule is {config.schedule}: constant or polynomial'
  )


def arguments(config: PruningConfig) -> dict[str, Any]:
  """Returns what TFMOT's `prune_low_magnitude` is called with.

  Args:
    config: The config.

  Returns:
    The arguments by name.

  Raises:
    errors.InputError: The config makes no schedule or no structure.
  """
  m_by_n, block = tuple(config.sparsity_m_by_n), tuple(config.block_size)
  if m_by_n and (len(m_by_n) != 2 or not 0 < m_by_n[0] < m_by_n[1]):
    raise errors.InputError(
        f'task.technique.sparsity_m_by_n is {list(m_by_n)}: [m, n] with m < n'
    )
  if len(block) != 2 or min(block) < 1 or (m_by_n and block != (1, 1)):
    raise errors.InputError(
        f'task.technique.block_size is {list(block)}: two sizes of 1 or more,'
        ' and [1, 1] together with sparsity_m_by_n'
    )
  return {
      'pruning_schedule': schedule(config),
      'sparsity_m_by_n': m_by_n or None,
      'block_size': block,
  }
