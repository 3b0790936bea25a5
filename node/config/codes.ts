/** Codes of everything that can be wrong with a configuration or with the YAML that carries it (docs/errors.md). */
export const configCodes = {
  CONFIG_KEY_UNKNOWN: 'a key that the configuration does not have',
  CONFIG_VALUE_INVALID: 'a value of the wrong type or out of range',
  CONFIG_RULE_BROKEN: 'two values that are each allowed do not go together',
  NOT_AVAILABLE_YET: 'a documented feature that this version does not have; it is never accepted and ignored',
  FILE_UNREADABLE: 'the file does not exist or cannot be read',
  FILE_TOO_LARGE: 'the file is larger than the documented limit',
  PROBLEMS_OMITTED: 'a file has more problems than are listed; the message counts the rest',
  YAML_SYNTAX: 'the text is not YAML',
  YAML_TOO_COMPLEX: 'nested too deep, or aliases expand to too many nodes',
  YAML_KEY_DUPLICATE: 'the same key twice in one map',
  YAML_KEY_INVALID: 'a key that is not plain text',
  YAML_ROOT_NOT_MAP: 'the document is not a map of keys',
  YAML_ALIAS_UNKNOWN: 'an alias without its anchor, or inside the anchor itself',
  YAML_TAG_UNSUPPORTED: 'a value with a tag, which these files do not use',
} as const;

export type ConfigCode = keyof typeof configCodes;
