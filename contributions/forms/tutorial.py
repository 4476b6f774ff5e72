"""What somebody who learns to listen fills in: that they heard the example, and what they heard in it."""

from django import forms


class ExampleForm(forms.Form):
    """One answer; which example it is for, so that none is taken for another."""

    clip = forms.UUIDField()
    # Ticked by the player at the end of the sound, or by hand where no script runs.
    is_heard = forms.BooleanField(required=False)
    emotion = forms.CharField(max_length=30, required=False)
