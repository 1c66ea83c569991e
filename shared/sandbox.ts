/** The built-in provider that serves when no other is configured. */

export const SANDBOX_PROVIDER_NAME = 'sandbox';

/** The model that it lists; it answers to any other name too. */
export const SANDBOX_MODEL = 'claude-sandbox';
