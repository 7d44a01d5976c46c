"""Django's least for the plain relay."""

import os

SECRET_KEY = "measures and is gone"
ALLOWED_HOSTS = ["127.0.0.1"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["PLAIN_REDIS_URL"]]},
    }
}
