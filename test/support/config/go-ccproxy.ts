/** A configuration as Go CCProxy's users have it: its keys, its layout, the habits of its examples. */
export const GO_CCPROXY = `{
  "host": "0.0.0.0",
  "port": 8787,
  "log": true,
  "log_file": "~/.ccproxy/ccproxy.log",
  "apikey": "team-key-123",
  "proxy_url": "",
  "shutdown_timeout": "10s",
  "performance": {
    "request_timeout": "120s",
    "max_request_body_size": 20971520,
    "metrics_enabled": true,
    "rate_limit_enabled": true,
    "rate_limit_requests_per_min": 60,
    "circuit_breaker_enabled": true,
    "circuit_breaker_threshold": 5,
    "cache_enabled": false
  },
  "security": {
    "audit_enabled": false,
    "ip_whitelist": ["127.0.0.1"]
  },
  "providers": [
    {
      "name": "anthropic",
      "api_base_url": "https://api.anthropic.com",
      "api_key": "\${ANTHROPIC_API_KEY}",
      "models": ["claude-opus-4-1", "claude-sonnet-4-5"],
      "enabled": true,
      "transformers": [{ "name": "anthropic" }],
      "created_at": "2025-07-20T10:00:00Z",
      "updated_at": "2025-07-21T10:00:00Z"
    },
    {
      "name": "openai",
      "api_base_url": "https://api.openai.com/v1",
      "models": ["gpt-4.1", "o3"],
      "enabled": true,
      "transformers": null
    },
    {
      "name": "gemini",
      "api_base_url": "https://generativelanguage.googleapis.com/v1",
      "api_key": "AIza-gemini",
      "models": ["gemini-2.5-pro"],
      "enabled": true
    },
    {
      "name": "deepseek",
      "api_base_url": "https://api.deepseek.com",
      "api_key": "sk-deepseek",
      "models": ["deepseek-chat", "deepseek-reasoner"],
      "enabled": true,
      "message_format": "openai"
    },
    {
      "name": "openrouter",
      "api_base_url": "https://openrouter.ai/api/v1/chat/completions",
      "api_key": "sk-or-openrouter",
      "models": ["qwen/qwen3-coder"],
      "enabled": false
    },
  ],
  "routes": {
    // the four special ones
    "default": { "provider": "anthropic", "model": "claude-sonnet-4-5", "conditions": null },
    "longContext": { "provider": "gemini", "model": "gemini-2.5-pro", "parameters": { "max_tokens": 8000 } },
    "background": { "provider": "openai", "model": "gpt-4.1", "parameters": { "temperature": 0.6, "top_p": 0.9 } },
    "think": {
      "provider": "deepseek",
      "model": "deepseek-reasoner",
      "conditions": [{ "type": "parameter", "operator": "==", "value": "thinking" }]
    },
    // by the model's name
    "claude-opus-4": { "provider": "openai", "model": "o3" }
  }
}
`;

/** claude-code-router's file, which Go CCProxy's was modelled on. */
export const CLAUDE_CODE_ROUTER = {
  APIKEY: 'router-key',
  HOST: '127.0.0.1',
  PORT: 3457,
  LOG: true,
  LOG_LEVEL: 'trace',
  PROXY_URL: 'http://127.0.0.1:7890',
  API_TIMEOUT_MS: 300_000,
  NON_INTERACTIVE_MODE: false,
  Providers: [
    {
      name: 'openrouter',
      api_base_url: 'https://openrouter.ai/api/v1/chat/completions',
      api_key: 'sk-or',
      models: ['google/gemini-2.5-pro'],
      transformer: { use: ['openrouter'] },
    },
    {
      name: 'gemini',
      api_base_url: 'https://generativelanguage.googleapis.com/v1beta/models/',
      api_key: 'AIza',
      models: ['gemini-2.5-flash'],
    },
    {
      name: 'volcengine',
      api_base_url: 'https://ark.cn-beijing.volces.com/api/v3/chat/completions',
      api_key: 'sk-volc',
      models: ['deepseek-v3'],
    },
  ],
  Router: {
    default: 'volcengine,deepseek-v3',
    longContext: 'openrouter,google/gemini-2.5-pro',
    longContextThreshold: 50_000,
    webSearch: 'gemini,gemini-2.5-flash',
  },
};
