{{ booked_by('email') }}
