from channels.generic.websocket import AsyncJsonWebsocketConsumer


class EventStream(AsyncJsonWebsocketConsumer):
    """Pushes hints to one signed-in console."""
